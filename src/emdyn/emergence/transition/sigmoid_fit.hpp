#pragma once
#include <array>
#include <cstddef>
#include <span>

#include "emdyn/emergence/transition/curve.hpp"

namespace emdyn::emergence {

/// intercept + Σ amplitude_j·S((u − location_j)/e^log_scale), one or two S-shaped functions of one
/// kind with a common scale.
struct Sigmoids {
  CurveShape shape = CurveShape::logistic;
  std::size_t count = 1;
  double intercept = 0.0;
  std::array<double, 2> amplitude{};
  std::array<double, 2> location{};
  double log_scale = 0.0;

  double value(double u) const noexcept;
};

/// Keeps intercept and every level the curve can reach within the range.
void limit_levels(const ValueRange& range, Sigmoids& sigmoids) noexcept;

/// Generalised least squares under AR(1) noise with autocorrelation `phi` by Levenberg-Marquardt
/// from the given start; locations stay in [−0.2, 1.2], scales between the bounds, levels within
/// `range`.
/// @param u coordinates, as many as values. @return the whitened residual sum of squares.
double refine_sigmoids(std::span<const double> u, std::span<const double> values, double phi,
                       double min_scale, double max_scale, const ValueRange& range,
                       Sigmoids& sigmoids);

}  // namespace emdyn::emergence
