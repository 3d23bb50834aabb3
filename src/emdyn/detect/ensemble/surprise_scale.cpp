#include "emdyn/detect/ensemble/surprise_scale.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::detect {
namespace {

constexpr double kPerOctave = 32.0;
constexpr double kOctaves = 64.0;
constexpr double kRoomAbove = 16.0;  // Octaves above the first positive value.
constexpr auto kBins = static_cast<std::size_t>(kPerOctave * kOctaves) + 1;

}  // namespace

SurpriseScale::SurpriseScale(double prior_excess, double prior_weight)
    : prior_excess_(prior_excess), prior_weight_(prior_weight), counts_(kBins, 0) {}

void SurpriseScale::reset() noexcept {
  std::ranges::fill(counts_, 0U);
  total_ = highest_ = 0;
  lowest_octave_ = 0.0;
  anchored_ = false;
}

/// Bins above the lower edge of bin 1; negative: too small to count.
double SurpriseScale::place(double value) const noexcept {
  if (!anchored_ || !(value > 0.0)) return -1.0;
  return (std::log2(value) - lowest_octave_) * kPerOctave;
}

std::size_t SurpriseScale::bin(double value) const noexcept {
  const double at = place(value);
  if (at < 0.0) return 0;
  return 1 + static_cast<std::size_t>(std::min(at, static_cast<double>(kBins - 2)));
}

double SurpriseScale::upper_edge(std::size_t bin) const noexcept {
  return bin == 0 ? 0.0 : std::exp2(lowest_octave_ + static_cast<double>(bin) / kPerOctave);
}

double SurpriseScale::middle(std::size_t bin) const noexcept {
  return bin == 0 ? 0.0 : std::exp2(lowest_octave_ + (static_cast<double>(bin) - 0.5) / kPerOctave);
}

double SurpriseScale::surprise(double value) const noexcept {
  if (!ready() || !(value > 0.0)) return 0.0;
  const double total = static_cast<double>(total_);
  const std::size_t own = bin(value);
  std::uint64_t above = 0;
  double excess = 0.0;  // Sum of the middles above the threshold.
  std::size_t b = highest_;
  for (; b > 0; --b) {
    if (static_cast<double>(above + counts_[b]) > kTailShare * total) break;
    above += counts_[b];
    if (counts_[b] > 0) excess += static_cast<double>(counts_[b]) * middle(b);
  }
  const double threshold = upper_edge(b);
  if (own > b) {
    const double count = static_cast<double>(above);
    // Bins have a width: a narrower tail cannot be told from none.
    const double resolution = std::max(threshold, value * 1e-3) / kPerOctave;
    const double excesses = excess - count * threshold + prior_weight_ * prior_excess_;
    const double seen = count + prior_weight_;
    const double mean = seen > 0.0 ? std::max(excesses / seen, resolution) : resolution;
    const double tail = (value - threshold) / mean * 0.4342944819032518;
    return std::clamp(tail - std::log10((count + 1.0) / (total + 1.0)), 0.0, kMost);
  }
  for (; b > own; --b) above += counts_[b];
  const double share = own == 0 ? 1.0 : 1.0 - (place(value) - static_cast<double>(own - 1));
  const double rank =
      static_cast<double>(above) + static_cast<double>(counts_[own]) * std::clamp(share, 0.0, 1.0);
  return std::max(0.0, -std::log10((rank + 1.0) / (total + 1.0)));
}

void SurpriseScale::make_room(double value) noexcept {
  if (!(value > 0.0)) return;
  const double octave = std::log2(value);
  if (!anchored_) {
    anchored_ = true;
    lowest_octave_ = std::floor(octave) + kRoomAbove - kOctaves;
    return;
  }
  const double over = octave - (lowest_octave_ + kOctaves);
  if (over < 0.0) return;
  const double octaves = std::min(std::floor(over) + 1.0, kOctaves);
  const auto shift = static_cast<std::size_t>(octaves * kPerOctave);
  for (std::size_t b = 1; b < kBins; ++b) {
    if (b <= shift) counts_[0] += counts_[b];
    counts_[b] = b + shift < kBins ? counts_[b + shift] : 0U;
  }
  highest_ = highest_ > shift ? highest_ - shift : 0;
  lowest_octave_ += std::floor(over) + 1.0;
}

void SurpriseScale::learn(double value) noexcept {
  make_room(value);
  const std::size_t own = bin(value);
  ++counts_[own];
  ++total_;
  highest_ = std::max<std::uint64_t>(highest_, own);
  if (total_ < kFade) return;
  total_ = 0;
  for (std::uint32_t& count : counts_) {
    count /= 2;
    total_ += count;
  }
}

}  // namespace emdyn::detect
