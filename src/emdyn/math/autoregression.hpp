#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/core/philox.hpp"

namespace emdyn::math {

/// A stationary autoregression around zero: x_t = Σ_j coefficients[j]·x_(t−1−j) + e_t.
struct Autoregression {
  std::vector<double> coefficients{};
  double innovation_sd = 0.0;  ///< Of e_t, in the unit of the series.

  /// e_t for t = order … n − 1; empty when the series is not longer than the order.
  std::vector<double> innovations(std::span<const double> series) const;
  /// `count` samples driven by `draw()` (innovations), after a run-in that forgets the start.
  template <class Draw>
  std::vector<double> simulate(std::size_t count, Draw&& draw) const {
    const std::size_t run_in = run_in_samples();
    std::vector<double> path(run_in + count, 0.0);
    for (std::size_t t = 0; t < path.size(); ++t) {
      double value = draw();
      for (std::size_t j = 0; j < coefficients.size() && j < t; ++j) {
        value += coefficients[j] * path[t - 1 - j];
      }
      path[t] = value;
    }
    return {path.begin() + static_cast<std::ptrdiff_t>(run_in), path.end()};
  }
  /// Whether all roots lie strictly inside `radius` < 1.
  bool is_stationary(double radius = 0.9999) const;

 private:
  std::size_t run_in_samples() const;
};

/// Burg's estimate of a given order for a series taken as having mean zero. The estimate is always
/// stationary. A series shorter than 2·order + 2 samples or without variance gives order 0.
/// Source: Burg, "Maximum Entropy Spectral Analysis" (1975).
Autoregression fit_autoregression(std::span<const double> series, std::size_t order);

/// Burg's estimate with the order in [1, max_order] that has the least AIC: for imitating noise,
/// a coefficient too many costs little and one too few much.
Autoregression select_autoregression(std::span<const double> series, std::size_t max_order);

/// Innovations for simulations under a null model: observed ones, resampled in circular blocks and
/// smoothed by Gaussian noise that makes up a quarter of the variance. Blocks keep what dependence
/// the autoregression left, the observed values keep heavy tails; the smoothing keeps a series of
/// zeros with a few blips from being resampled into perfect steps.
class BlockInnovations {
 public:
  /// @param innovations observed ones, in their order; may be empty (then Gaussian ones are drawn).
  BlockInnovations(std::span<const double> innovations, double sd, std::size_t block);
  /// A stream of draws; `random` is kept by reference.
  auto stream(Philox& random) const {
    return [this, &random, at = std::size_t{0}, left = std::size_t{0}]() mutable {
      return next(random, at, left);
    };
  }

 private:
  double next(Philox& random, std::size_t& at, std::size_t& left) const;

  std::vector<double> scores_;
  double sd_;
  std::size_t block_;
};

}  // namespace emdyn::math
