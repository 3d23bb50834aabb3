#include "emdyn/detect/training/plateau.hpp"

#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr double kClearSlope = 6.0;  // Standard errors.

}  // namespace

/// Of kHalf block means, by least squares.
Plateau::Slope Plateau::slope(std::size_t first) const noexcept {
  const double n = static_cast<double>(kHalf);
  const double spread = n * (n * n - 1.0) / 12.0;
  double mean = 0.0;
  for (std::size_t i = 0; i < kHalf; ++i) mean += means_[first + i] / n;
  double along = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < kHalf; ++i) {
    const double away = means_[first + i] - mean;
    along += (static_cast<double>(i) - 0.5 * (n - 1.0)) * away;
    squares += away * away;
  }
  const double value = along / spread;
  const double left = std::max(squares - value * along, 0.0);
  return {value, std::sqrt(left / (n - 2.0) / spread)};
}

void Plateau::judge() noexcept {
  p_value_ = 1.0;
  if (blocks_ < 2 * kHalf) return;
  ready_ = true;
  const std::size_t newest = static_cast<std::size_t>(blocks_);
  const Slope before = slope(newest - 2 * kHalf);
  const Slope now = slope(newest - kHalf);
  const double floor = smallest_sigma(means_[newest - 1]);
  if (!(std::abs(before.value) > kClearSlope * std::max(before.error, floor))) return;
  const double pace = std::abs(before.value);
  const double along = before.value > 0.0 ? now.value : -now.value;
  if (along < -share_ * pace) return;  // It turned, and is no plateau.
  const double t = (share_ * pace - along) / std::max(now.error, floor);
  p_value_ = std::min(1.0, math::student_t_sf(t, static_cast<double>(kHalf) - 2.0));
}

double Plateau::update(double sample) noexcept {
  sum_ += bounded_sample(sample);
  if (++inside_ < length_) {
    p_value_ = 1.0;
    return 0.0;
  }
  means_[blocks_++] = sum_ / static_cast<double>(length_);
  sum_ = 0.0;
  inside_ = 0;
  judge();
  if (blocks_ < kMost) return score();
  for (std::size_t i = 0; i < kMost / 2; ++i) means_[i] = 0.5 * (means_[2 * i] + means_[2 * i + 1]);
  blocks_ = kMost / 2;
  length_ *= 2;
  return score();
}

void Plateau::reset() noexcept {
  means_ = {};
  sum_ = 0.0;
  length_ = 1;
  inside_ = blocks_ = 0;
  p_value_ = 1.0;
  ready_ = false;
}

}  // namespace emdyn::detect
