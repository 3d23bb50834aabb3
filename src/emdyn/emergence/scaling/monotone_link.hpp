#pragma once
#include <span>
#include <vector>

namespace emdyn::emergence::scaling {

/// Isotonic regression by pooling adjacent violators: the non-decreasing sequence nearest to
/// `values` in weighted least squares, O(n). Source: Ayer, Brunk, Ewing, Reid & Silverman, Annals
/// of Mathematical Statistics 26 (1955).
/// @param weights > 0, as many as values; empty: all equal. @throws DataError for sizes that
/// differ.
std::vector<double> isotonic(std::span<const double> values, std::span<const double> weights = {});

/// A smooth monotone function from one quantity to another, without a parametric form: isotonic
/// regression in the order of x, its blocks joined at their centres by a monotone cubic (Fritsch &
/// Carlson, SIAM J. Numer. Anal. 17, 1980); constant beyond the first and the last block, so that
/// it never leaves the range of what was seen.
class MonotoneLink {
 public:
  /// Falling when the rank correlation of x and y is negative. Pairs that are not finite are left
  /// out.
  /// @throws DataError for sizes that differ or no usable pair.
  MonotoneLink(std::span<const double> x, std::span<const double> y);
  double operator()(double x) const noexcept;
  bool falls() const noexcept { return falls_; }
  std::size_t blocks() const noexcept { return x_.size(); }

 private:
  std::vector<double> x_, y_, slope_;
  bool falls_ = false;
};

}  // namespace emdyn::emergence::scaling
