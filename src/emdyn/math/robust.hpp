#pragma once
#include <span>

namespace emdyn::math {

/// MAD times this estimates the standard deviation of normal data: 1 / Φ⁻¹(3/4).
inline constexpr double kMadToSigma = 1.482602218505602;

/// The q-quantile, linear between order statistics (Hyndman & Fan 1996, type 7: position
/// q·(n − 1)). O(n). NaN among the values gives NaN. @throws DataError when empty,
/// ConfigError unless 0 <= q <= 1.
double quantile(std::span<const double> values, double q);

/// The same for values already in ascending order. O(1).
double sorted_quantile(std::span<const double> sorted, double q);

/// quantile(values, 0.5). @throws DataError when empty.
double median(std::span<const double> values);

/// Median absolute deviation from the median, raw: times kMadToSigma for a deviation.
/// @throws DataError when empty.
double mad(std::span<const double> values);

/// Ordinary mean; NaN when empty. Compensated summation (Neumaier 1974).
double mean(std::span<const double> values) noexcept;

}  // namespace emdyn::math
