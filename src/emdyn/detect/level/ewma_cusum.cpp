#include "emdyn/detect/level/ewma_cusum.hpp"

#include <cmath>

#include "emdyn/detect/level/tails.hpp"

namespace emdyn::detect {

EwmaCusum::EwmaCusum(const Config& config)
    : wanted_(static_cast<double>(checked(kName, kFields, config).baseline_samples)),
      lambda_(config.lambda),
      forget_((1.0 - config.lambda) * (1.0 - config.lambda)),
      inverse_limit_(1.0 /
                     (config.limit_sigmas * std::sqrt(config.lambda / (2.0 - config.lambda)))),
      slack_(config.slack_sigmas),
      inverse_threshold_(1.0 / config.threshold_sigmas) {}

void EwmaCusum::learn(double sample) noexcept {
  decay_ -= 1.0;
  const double delta = sample - mean_;
  mean_ += delta / -decay_;
  inverse_sigma_ += delta * (sample - mean_);
  if (-decay_ == wanted_) finish_baseline();
}

void EwmaCusum::finish_baseline() noexcept {
  const double variance = inverse_sigma_ / (-decay_ - 1.0);
  inverse_sigma_ = 1.0 / std::max(std::sqrt(variance), smallest_sigma(mean_));
  decay_ = 1.0;
}

/// Pairwise moments, as Baseline::merge.
void EwmaCusum::merge(const EwmaCusum& other) noexcept {
  const double here = -decay_;
  const double there = -other.decay_;
  if (there == 0.0) return;
  const double count = here + there;
  const double delta = other.mean_ - mean_;
  mean_ += delta * there / count;
  inverse_sigma_ += other.inverse_sigma_ + delta * delta * here * there / count;
  decay_ = -count;
  if (count >= wanted_) finish_baseline();
}

Evidence EwmaCusum::evidence() const noexcept {
  if (!ready() || decay_ == 1.0) return {};
  const double average = by_average<false>();
  const bool rising_sum = upper_.sum >= lower_.sum;
  const double by_sum = std::max(upper_.sum, lower_.sum) * inverse_threshold_;
  const double score = std::max(average, by_sum);
  if (score == 0.0) return {};
  const bool rising = by_sum >= average ? rising_sum : average_ > 0.0;
  const Side& side = rising ? upper_ : lower_;
  const std::uint64_t age = std::max<std::uint64_t>(side.age, 1);
  const std::uint64_t ago = age - 1;
  const std::uint64_t half = onset_half_width(side.sum / static_cast<double>(age) + slack_);
  return {score, rising ? Direction::rise : Direction::fall, ago, ago + half,
          ago - std::min(ago, half)};
}

}  // namespace emdyn::detect
