#include "emdyn/detect/training/drift_meter.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr std::size_t kShortest = 4;
constexpr double kGoesOn = 0.3;       // Of the climb, within the last stretch.
constexpr double kWildest = 4.0;      // Squares beyond so many times the mean teach no more.
constexpr double kHandedDown = 20.0;  // Differences' worth of belief in what shorter scales say.
constexpr double kOfLongPast = 0.75;  // Variance of a difference to a past three times as long.
constexpr double kLooks = 2.0 * static_cast<double>(DriftMeter::kScales);
// How the variance changes as the length doubles: halves in white noise, doubles in a random walk.
constexpr double kWhite = 0.5;
constexpr double kWalk = 2.0;
constexpr double kOfSecond = 3.0;  // Variance of a second difference over that of a first.

constexpr std::size_t length_of(std::size_t scale) noexcept { return kShortest << scale; }

}  // namespace

void DriftMeter::rearm() noexcept {
  if (p_value_ < 1.0) hold_ = kRoom;
  kept_ = onset_ = 0;
  p_value_ = 1.0;
  complete_ = {};
}

double DriftMeter::sum(std::size_t newest_ago, std::size_t length) const noexcept {
  double total = 0.0;
  for (std::size_t i = 0; i < length; ++i)
    total += values_[(seen_ + kRoom - 1 - newest_ago - i) % kRoom];
  return total;
}

DriftMeter::Stretch DriftMeter::stretch(std::size_t newest_ago, std::size_t length) const noexcept {
  const std::size_t quarter = length / 4;
  std::array<double, 4> means{};
  for (std::size_t i = 0; i < 4; ++i)
    means[i] = sum(newest_ago + i * quarter, quarter) / static_cast<double>(quarter);
  const double rise = 0.5 * (means[0] + means[1] - means[2] - means[3]);
  std::sort(means.begin(), means.end());
  return {0.5 * (means[1] + means[2]), rise};
}

/// Another stretch is complete.
void DriftMeter::learn(std::size_t scale, double middle) noexcept {
  auto& [last, before] = means_[scale];
  if (complete_[scale] == 2) {
    const double second = middle - 2.0 * last + before;
    const double square = second * second / kOfSecond;
    double& mean = squares_[scale];
    double& known = known_[scale];
    // A curve of the trend, as at the start of a training, is no noise.
    const double usual = scale > 0 ? expected_noise(scale).variance : mean;
    const bool unknown = scale == 0 && known < kFewest;
    known = std::min(known + 1.0, scale > 1 ? kMostOfLong : kMostKnown);
    mean += ((unknown ? square : std::min(square, kWildest * usual)) - mean) / known;
  }
  before = last;
  last = middle;
  complete_[scale] = std::min<std::uint64_t>(complete_[scale] + 1, 2);
}

/// What the scales below say of this one. @pre scale > 0
DriftMeter::Noise DriftMeter::expected_noise(std::size_t scale) const noexcept {
  const Noise below = noise(scale - 1);
  double change = kWhite;
  if (scale > 1) {
    const double before = noise(scale - 2).variance;
    if (before > 0.0) change = std::clamp(below.variance / before, kWhite, kWalk);
  }
  return {change * below.variance, std::min(below.freedom, kHandedDown)};
}

DriftMeter::Noise DriftMeter::noise(std::size_t scale) const noexcept {
  if (scale == 0) return {squares_[0], known_[0]};
  const Noise expected = expected_noise(scale);
  const double freedom = expected.freedom + known_[scale];
  if (!(freedom > 0.0)) return {};
  const double mixed =
      (expected.freedom * expected.variance + known_[scale] * squares_[scale]) / freedom;
  return {std::max(mixed, kWhite * noise(scale - 1).variance), freedom};
}

void DriftMeter::look(std::size_t scale, double least) noexcept {
  const std::size_t length = length_of(scale);
  if (known_[scale] < (scale == 0 ? kFewest : kFew) || known_[0] < kFewest || kept_ < 2 * length)
    return;
  const Stretch now = stretch(0, length);
  const double climb = now.middle - stretch(length, length).middle;
  if (!(climb > least) || now.rise < kGoesOn * climb) return;
  const Noise of_scale = noise(scale);
  const double floor = smallest_sigma(now.middle);
  double t = climb / std::sqrt(std::max(of_scale.variance, floor * floor));
  if (kept_ >= 4 * length) {
    const double over_long = now.middle - stretch(length, 3 * length).middle;
    const double variance = kOfLongPast * of_scale.variance;
    t = std::max(t, over_long / std::sqrt(std::max(variance, floor * floor)));
  }
  const double p = kLooks * math::student_t_sf(t, of_scale.freedom);
  if (p >= p_value_) return;
  p_value_ = p;
  onset_ = length;
}

void DriftMeter::push(double value, double least_sigmas) noexcept {
  values_[seen_ % kRoom] = sign_ * bounded_sample(value);
  ++seen_;
  kept_ = std::min<std::uint64_t>(kept_ + 1, kRoom);
  p_value_ = 1.0;
  onset_ = 0;
  if (hold_ > 0) --hold_;
  // A difference of two means of four samples has half of a sample's variance.
  const double least = least_sigmas * std::sqrt(2.0 * squares_[0]);
  for (std::size_t scale = 0; scale < kScales; ++scale) {
    const std::size_t length = length_of(scale);
    // The longer the stretch, the less a single sample changes it.
    if (seen_ % std::max<std::size_t>(length / 16, 1) != 0) continue;
    if (hold_ == 0) look(scale, least);
    if (seen_ % length == 0 && kept_ >= length) learn(scale, stretch(0, length).middle);
  }
}

}  // namespace emdyn::detect
