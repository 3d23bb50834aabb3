#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/emergence/mirage/sudden.hpp"

/// Internals of weigh_sudden: the shapes of a change.
namespace emdyn::emergence::mirage {

/// One shape: a logistic step or a bend, at one place.
struct ChangeBasis {
  bool sudden = true;  ///< False: wide enough to count as smooth.
  bool kink = false;
  double place = 0.0;      ///< Coordinate of its middle, or of the bend.
  double from = 0.0;       ///< The data cannot tell places between `from` …
  double to = 0.0;         ///< … and `to` apart.
  double width = 0.0;      ///< 10–90, as a share of the range.
  double height = 1.0;     ///< Change over the observed range for an amplitude of 1.
  double log_prior = 0.0;  ///< Within its kind (sudden, smooth): sums to 1.
};

struct BasisSet {
  std::vector<ChangeBasis> list{};
  Eigen::MatrixXd columns{};  ///< [sample, basis]
  std::size_t size() const noexcept { return list.size(); }
};

/// @param u coordinates in [0, 1], ascending. @param window where half of the sudden prior lies.
BasisSet make_bases(std::span<const double> u, const Window& window);

}  // namespace emdyn::emergence::mirage
