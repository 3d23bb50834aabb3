#pragma once
#include <cstddef>
#include <span>

namespace emdyn::math {

/// Kendall's rank correlation with everything a test of it needs.
struct Kendall {
  std::size_t count = 0;  ///< Pairs (x, y).
  double tau = 0.0;       ///< τ-b, ties taken into account; NaN when x or y is constant.
  double score = 0.0;     ///< Concordant minus discordant pairs.
  double score_sd = 0.0;  ///< Of the score when x and y are independent, with ties.
  /// Two-sided normal approximation with continuity correction; for independent samples only:
  /// autocorrelated series need surrogates.
  double p_value = 1.0;
};

/// Knight's O(n log n) count. Source: Kendall, "Rank Correlation Methods" (1970); Knight, "A
/// Computer Method for Calculating Kendall's Tau with Ungrouped Data", JASA 61 (1966).
/// @throws DataError when lengths differ, below two pairs, or when a value is NaN.
Kendall kendall(std::span<const double> x, std::span<const double> y);

/// τ-b alone.
double kendall_tau(std::span<const double> x, std::span<const double> y);

/// τ-b of y against its index 0, 1, 2, …: the trend of a series.
double kendall_trend(std::span<const double> y);

/// Standard deviation of τ for `count` independent pairs without ties:
/// √(2(2n+5) / (9n(n−1))). NaN below two.
double kendall_null_sd(std::size_t count) noexcept;

}  // namespace emdyn::math
