#pragma once
#include <cstdint>

namespace emdyn::math {

/// Mean, variance, skewness and kurtosis of a stream, in one pass and without cancellation: exact
/// to rounding even when the mean is a billion deviations away from zero.
///
/// NaN and infinities are not filtered: one of them makes every moment NaN, so callers keep them
/// out. What is not defined yet (a variance of one value, a skewness of equal values) is NaN.
/// Cost: O(1) time and 48 bytes.
/// Source: Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products",
/// Technometrics 4 (1962); higher moments and merging: Pébay, "Formulas for Robust, One-Pass
/// Parallel Computation of Covariances and Arbitrary-Order Statistical Moments", SAND2008-6212.
class Moments {
 public:
  void add(double value) noexcept;
  /// As if every value of `other` had been added here.
  void merge(const Moments& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  /// NaN when empty.
  double mean() const noexcept;
  /// Unbiased (divided by count − 1); NaN below two values.
  double variance() const noexcept;
  /// Divided by count; NaN when empty.
  double population_variance() const noexcept;
  /// Square root of variance().
  double stddev() const noexcept;
  /// m3 / m2^(3/2) of the population moments; NaN below two values or when all are equal.
  double skewness() const noexcept;
  /// m4 / m2², 3 for a normal; NaN below two values or when all are equal.
  double kurtosis() const noexcept;
  /// kurtosis() − 3.
  double excess_kurtosis() const noexcept { return kurtosis() - 3.0; }

  bool operator==(const Moments&) const = default;

 private:
  std::uint64_t count_ = 0;
  double origin_ = 0.0;  ///< The first value: deviations from it round less than the values.
  double mean_ = 0.0;    ///< Less the origin.
  double m2_ = 0.0;
  double m3_ = 0.0;
  double m4_ = 0.0;
};

}  // namespace emdyn::math
