#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace emdyn::math {

/// Median, MAD and quantiles of the last `window` values.
///
/// The window is kept twice, in order of arrival and sorted. push() moves at most `window` doubles
/// (a memmove, below 0.2 µs up to a thousand); median() and quantile() are O(1); mad() is
/// O(log window) by selection from the two sorted halves of the deviations. Memory: 16 bytes a
/// value, allocated once by the constructor.
class RollingMedian {
 public:
  /// @param window 1 … 2^24 values. @throws ConfigError outside it.
  explicit RollingMedian(std::size_t window);

  /// Forgets the oldest value once full. NaN and infinities are ignored. @return whether it was
  /// taken.
  bool push(double value) noexcept;
  void clear() noexcept;

  std::size_t size() const noexcept { return size_; }
  std::size_t window() const noexcept { return ring_.size(); }
  bool full() const noexcept { return size_ == ring_.size(); }
  /// The values in ascending order.
  std::span<const double> sorted() const noexcept { return {sorted_.data(), size_}; }

  /// NaN when empty, as are the two below.
  double median() const noexcept;
  /// Median absolute deviation from the median, raw.
  double mad() const noexcept;
  /// Type 7 as math::quantile. @param q in [0, 1], else NaN.
  double quantile(double q) const noexcept;

 private:
  std::vector<double> ring_;
  std::vector<double> sorted_;
  std::size_t size_ = 0;
  std::size_t next_ = 0;
};

}  // namespace emdyn::math
