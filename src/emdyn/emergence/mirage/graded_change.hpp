#pragma once
#include <span>
#include <vector>

#include "emdyn/emergence/mirage/sudden.hpp"

namespace emdyn::emergence::mirage {

/// Where a graded metric changes: a logistic fitted over a grid of places and widths, weighted by
/// likelihood.
struct GradedChange {
  double size = 0.0;   ///< Of the change, signed.
  double width = 0.0;  ///< 10–90, as a share of the range; the least over the coordinates.
  double low = 0.0;    ///< Its 10 % point, in units of position …
  double high = 0.0;   ///< … and its 90 % point, in the coordinate where it is narrowest.
  std::vector<Window>
      windows{};  ///< One a coordinate of `positions`; at least the gap between two samples.
  std::vector<Coordinate> coordinates{};
};

/// @param metric at least 3 points, not all equal. @param items behind each value, 0 when unknown:
/// with it the points weigh by their binomial variance.
GradedChange locate_change(const CleanMetric& metric, double items);

/// The windows in the coordinates of other positions.
std::vector<Window> windows_along(const GradedChange& change, std::span<const double> positions);

}  // namespace emdyn::emergence::mirage
