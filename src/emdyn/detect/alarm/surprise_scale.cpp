#include "emdyn/detect/alarm/surprise_scale.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace emdyn::detect {
namespace {

constexpr double kPerOctave = 32.0;
constexpr double kOctaves = 64.0;
constexpr double kRoomAbove = 16.0;  // Octaves above the first positive value.
constexpr double kOneShape = 20.0;   // Peaks that speak as loud as the belief in shape 0.
constexpr double kHeaviest = 2.0;    // Shape.
constexpr auto kSurpriseBins = static_cast<std::size_t>(kPerOctave * kOctaves) + 1;

}  // namespace

SurpriseScale::SurpriseScale(double prior_excess, double prior_weight)
    : prior_excess_(prior_excess), prior_weight_(prior_weight), counts_(kSurpriseBins, 0) {}

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
  return 1 + static_cast<std::size_t>(std::min(at, static_cast<double>(kSurpriseBins - 2)));
}

double SurpriseScale::upper_edge(std::size_t bin) const noexcept {
  return bin == 0 ? 0.0 : std::exp2(lowest_octave_ + static_cast<double>(bin) / kPerOctave);
}

double SurpriseScale::middle(std::size_t bin) const noexcept {
  return bin == 0 ? 0.0 : std::exp2(lowest_octave_ + (static_cast<double>(bin) - 0.5) / kPerOctave);
}

/// The highest tenth of the past.
struct SurpriseScale::Peaks {
  std::uint64_t count = 0;
  std::size_t below = 0;   // Highest bin that is not one of theirs.
  double threshold = 0.0;  // Lower edge of their lowest bin.
  double excess = 0.0;     // Sum over the peaks of what they exceed it by,
  double logs = 0.0;       // of the logarithms of peak / threshold,
  double squares = 0.0;    // and of the squares of these.
};

SurpriseScale::Peaks SurpriseScale::peaks() const noexcept {
  Peaks peaks;
  double sum = 0.0;
  double bins = 0.0;
  double squares = 0.0;
  std::size_t lowest = highest_ + 1;
  std::size_t b = highest_;
  for (; b > 0; --b) {
    if (counts_[b] == 0) continue;
    if (static_cast<double>(peaks.count + counts_[b]) > kTailShare * static_cast<double>(total_)) {
      break;
    }
    lowest = b;
    peaks.count += counts_[b];
    const double here = static_cast<double>(counts_[b]);
    const double at = static_cast<double>(b) - 0.5;
    sum += here * middle(b);
    bins += here * at;
    squares += here * at * at;
  }
  const double count = static_cast<double>(peaks.count);
  const double edge = static_cast<double>(lowest - 1);
  const double unit = std::numbers::ln2 / kPerOctave;
  peaks.below = b;
  peaks.threshold = upper_edge(lowest - 1);
  peaks.excess = sum - count * peaks.threshold;
  peaks.logs = (bins - count * edge) * unit;
  peaks.squares = (squares - 2.0 * edge * bins + count * edge * edge) * unit * unit;
  return peaks;
}

/// -log10 of the chance that a peak is this large or larger.
double SurpriseScale::beyond(const Peaks& peaks, double value) const noexcept {
  const double reach = value - peaks.threshold;
  if (!(reach > 0.0)) return 0.0;
  // Bins have a width: a narrower tail cannot be told from none.
  const double resolution = std::max(peaks.threshold, value * 1e-3) / kPerOctave;
  const double count = static_cast<double>(peaks.count);
  const double seen = count + prior_weight_;
  double scale = seen > 0.0 ? (peaks.excess + prior_weight_ * prior_excess_) / seen : 0.0;
  double shape = 0.0;
  if (prior_weight_ == 0.0 && peaks.threshold > 0.0 &&
      peaks.squares * count > peaks.logs * peaks.logs) {
    const double first = peaks.logs / count;
    const double light = 1.0 - 0.5 / (1.0 - first * first * count / peaks.squares);
    shape = std::min((first + light) * count / (count + kOneShape), kHeaviest);
    if (shape > 0.0) scale = peaks.threshold * first * (1.0 - std::min(light, 0.0));
  }
  scale = std::max(scale, resolution);
  const double steps = shape > 1e-6 ? std::log1p(shape * reach / scale) / shape : reach / scale;
  return steps * std::numbers::log10e;
}

double SurpriseScale::surprise(double value) const noexcept {
  if (!ready() || !(value > 0.0)) return 0.0;
  const double total = static_cast<double>(total_);
  const std::size_t own = bin(value);
  const Peaks highest = peaks();
  std::uint64_t above = highest.count;
  if (own > highest.below) {
    const double share = (static_cast<double>(above) + 1.0) / (total + 1.0);
    return std::clamp(beyond(highest, value) - std::log10(share), 0.0, kMost);
  }
  for (std::size_t b = highest.below; b > own; --b) above += counts_[b];
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
  for (std::size_t b = 1; b < kSurpriseBins; ++b) {
    if (b <= shift) counts_[0] += counts_[b];
    counts_[b] = b + shift < kSurpriseBins ? counts_[b + shift] : 0U;
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
