#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/emergence/segment/cost.hpp"

namespace emdyn::emergence::segment {

/// Variance of the whole series around its mean or its line: what no change at all would leave.
double null_variance(std::span<const double> values, bool line);

/// Variance of independent noise from the median distance of neighbours, blind to level shifts;
/// the mean square of differences where more than half of them are 0 (quantised values).
double difference_variance(std::span<const double> values);

/// Correlation of neighbouring residuals of a segmentation, in [0, 0.99], corrected for the bias
/// (1 + 4φ)/n per segment that fitting leaves (Kendall 1954).
double residual_autocorrelation(std::span<const double> values, bool line,
                                const std::vector<std::size_t>& changes);

/// The long-run variance of AR(1) noise whose differences show `variance`: they show (1 − φ) of it, and its sums have
/// (1 + φ)/(1 − φ) of it.
inline double widened_variance(double variance, double autocorrelation) {
  return variance * (1.0 + autocorrelation) / std::pow(1.0 - autocorrelation, 2);
}

}  // namespace emdyn::emergence::segment
