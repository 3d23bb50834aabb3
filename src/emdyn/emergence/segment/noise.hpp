#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/emergence/segment/cost.hpp"

namespace emdyn::emergence::segment {

/// Variance of the whole series around its mean or its line: what no change at all would leave.
double null_variance(const Sums& sums, bool line);

/// Variance of independent noise from the median distance of neighbours, blind to level shifts;
/// the mean square of differences where more than half of them are 0 (quantised values).
double difference_variance(std::span<const double> values);

/// Correlation of neighbouring residuals of a segmentation, in [0, 0.99], corrected for the bias
/// (1 + 4φ)/n per segment that fitting leaves (Kendall 1954).
double residual_autocorrelation(const Sums& sums, std::span<const double> values, bool line,
                                const std::vector<std::size_t>& changes);

/// Cuts again with the noise variance multiplied by (1 + φ)/(1 − φ), the long-run share of AR(1)
/// noise, until the change points stay. `cut(variance)` must refresh `changes`.
/// @return the variance used last.
template <class Cut>
double widen_until_stable(const Sums& sums, std::span<const double> values, bool line,
                          double variance, const std::vector<std::size_t>& changes, Cut&& cut,
                          double& autocorrelation) {
  double widened = variance;
  for (int round = 0; round < 5; ++round) {
    const std::vector<std::size_t> before = changes;
    const double phi = residual_autocorrelation(sums, values, line, before);
    autocorrelation = std::max(autocorrelation, phi);  // Only ever wider, so it ends.
    // Differences of AR(1) noise show (1 − φ) of its variance.
    widened = variance * (1.0 + autocorrelation) / std::pow(1.0 - autocorrelation, 2);
    cut(widened);
    if (changes == before) break;
  }
  return widened;
}

}  // namespace emdyn::emergence::segment
