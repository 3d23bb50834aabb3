#include "emdyn/math/rolling_median.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/math/non_finite.hpp"

namespace emdyn::math {
namespace {

constexpr std::size_t kMaxWindow = std::size_t{1} << 24;

/// The rank-th smallest (from 0) of |v − centre| over sorted values. `split` is the first value
/// above the centre: deviations grow to its left and to its right, two sorted sequences.
double deviation_of_rank(std::span<const double> sorted, double centre, std::size_t split,
                         std::size_t rank) noexcept {
  const std::size_t left = split;
  const std::size_t right = sorted.size() - split;
  const auto from_left = [&](std::size_t i) { return centre - sorted[split - 1 - i]; };
  const auto from_right = [&](std::size_t i) { return sorted[split + i] - centre; };
  // How many of the rank smallest come from the left: the least count that leaves no smaller one.
  std::size_t low = rank > right ? rank - right : 0;
  std::size_t high = std::min(rank, left);
  while (low < high) {
    const std::size_t taken = (low + high) / 2;
    if (from_left(taken) < from_right(rank - taken - 1)) {
      low = taken + 1;
    } else {
      high = taken;
    }
  }
  const std::size_t other = rank - low;
  const double a = low < left ? from_left(low) : std::numeric_limits<double>::infinity();
  const double b = other < right ? from_right(other) : std::numeric_limits<double>::infinity();
  return std::min(a, b);
}

}  // namespace

RollingMedian::RollingMedian(std::size_t window) {
  if (window < 1 || window > kMaxWindow) {
    throw ConfigError(
        fmt::format("rolling median: window must be in [1, {}], got {}", kMaxWindow, window));
  }
  ring_.assign(window, 0.0);
  sorted_.assign(window, 0.0);
}

bool RollingMedian::push(double value) noexcept {
  if (!std::isfinite(value)) return false;
  const auto begin = sorted_.begin();
  auto end = begin + static_cast<std::ptrdiff_t>(size_);
  if (full()) {
    const auto gone = std::lower_bound(begin, end, ring_[next_]);
    const auto place = std::lower_bound(begin, end, value);
    // One move of what lies between the value that leaves and the one that comes.
    if (gone < place) {
      std::move(gone + 1, place, gone);
      *(place - 1) = value;
    } else {
      std::move_backward(place, gone, gone + 1);
      *place = value;
    }
  } else {
    const auto place = std::lower_bound(begin, end, value);
    std::move_backward(place, end, end + 1);
    *place = value;
    ++size_;
  }
  ring_[next_] = value;
  next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
  return true;
}

void RollingMedian::clear() noexcept {
  size_ = 0;
  next_ = 0;
}

double RollingMedian::median() const noexcept { return quantile(0.5); }

double RollingMedian::quantile(double q) const noexcept {
  if (size_ == 0 || !(q >= 0.0 && q <= 1.0)) return kNan;
  const double position = q * static_cast<double>(size_ - 1);
  const auto index = static_cast<std::size_t>(position);
  const double fraction = position - static_cast<double>(index);
  if (fraction == 0.0) return sorted_[index];
  return sorted_[index] + fraction * (sorted_[index + 1] - sorted_[index]);
}

double RollingMedian::mad() const noexcept {
  if (size_ == 0) return kNan;
  const std::span<const double> values = sorted();
  const double centre = median();
  const auto split = static_cast<std::size_t>(
      std::upper_bound(values.begin(), values.end(), centre) - values.begin());
  const double high = deviation_of_rank(values, centre, split, size_ / 2);
  if (size_ % 2 == 1) return high;
  const double low = deviation_of_rank(values, centre, split, size_ / 2 - 1);
  return low + 0.5 * (high - low);
}

}  // namespace emdyn::math
