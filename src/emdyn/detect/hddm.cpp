#include "emdyn/detect/hddm.hpp"

#include <cmath>

namespace emdyn::detect {
namespace {

double unit(double sample) noexcept { return std::min(std::max(sample, 0.0), 1.0); }

Evidence shift_evidence(double score, bool rising, std::uint64_t since) noexcept {
  if (score == 0.0) return {};
  const std::uint64_t ago = since - std::min<std::uint64_t>(since, 1);
  return {score, rising ? Direction::rise : Direction::fall, ago, ago + ago / 4 + 2, 0};
}

}  // namespace

HddmA::HddmA(const Config& config)
    : half_log_(-0.5 * std::log(checked(kName, kFields, config).drift_alpha)),
      half_log_two_(0.5 * std::log(2.0 / config.drift_alpha)),
      warning_ratio_(std::sqrt(0.5 * std::log(2.0 / config.warning_alpha) / half_log_two_)),
      two_sided_(config.two_sided) {}

HddmA::Part HddmA::part(double count, double sum, double sign) const noexcept {
  if (count == 0.0) return {};
  const double inverse = 1.0 / count;
  const double mean = sum * inverse;
  return {count, sum, inverse, mean, mean + sign * std::sqrt(half_log_ * inverse)};
}

/// Difference between the whole and the prefix over Hoeffding's bound for it; signed.
double HddmA::excess(const Part& part, double mean, double inverse_count) const noexcept {
  const double spread = (part.inverse - inverse_count) * half_log_two_;
  return spread > 0.0 ? (mean - part.mean) / std::sqrt(spread) : 0.0;
}

double HddmA::update(double sample) noexcept {
  count_ += 1.0;
  sum_ += unit(sample);
  const double inverse = 1.0 / count_;
  const double mean = sum_ * inverse;
  const double reach = std::sqrt(half_log_ * inverse);
  if (low_.count == 0.0 || low_.bound >= mean + reach) {
    low_ = {count_, sum_, inverse, mean, mean + reach};
  }
  if (high_.count == 0.0 || high_.bound <= mean - reach) {
    high_ = {count_, sum_, inverse, mean, mean - reach};
  }
  const double up = std::max(excess(low_, mean, inverse), 0.0);
  const double down = two_sided_ ? std::max(-excess(high_, mean, inverse), 0.0) : 0.0;
  rising_ = up >= down;
  score_ = std::max(up, down);
  return score_;
}

Evidence HddmA::evidence() const noexcept {
  const double before = rising_ ? low_.count : high_.count;
  return shift_evidence(score_, rising_, static_cast<std::uint64_t>(count_ - before));
}

void HddmA::reset() noexcept {
  count_ = sum_ = score_ = 0.0;
  low_ = high_ = {};
  rising_ = true;
}

HddmW::HddmW(const Config& config)
    : half_log_(-0.5 * std::log(checked(kName, kFields, config).drift_alpha)),
      warning_ratio_(std::sqrt(std::log(config.warning_alpha) / std::log(config.drift_alpha))),
      lambda_(config.lambda),
      two_sided_(config.two_sided) {}

void HddmW::Average::add(double sample, double lambda) noexcept {
  if (weight == 0.0) {
    mean = sample;
    weight = 1.0;
    return;
  }
  mean += lambda * (sample - mean);
  weight = lambda * lambda + (1.0 - lambda) * (1.0 - lambda) * weight;
}

/// @param bound of the whole stream: low where a rise is looked for.
void HddmW::advance(Cut& cut, double bound, double sample) noexcept {
  if (bound < cut.bound) {
    cut = {all_, {}, bound, 0};
    return;
  }
  cut.after.add(sample, lambda_);
  ++cut.age;
}

double HddmW::excess(const Cut& cut) const noexcept {
  if (cut.before.weight == 0.0 || cut.after.weight == 0.0) return 0.0;
  const double bound = std::sqrt((cut.before.weight + cut.after.weight) * half_log_);
  return (cut.after.mean - cut.before.mean) / bound;
}

double HddmW::update(double sample) noexcept {
  sample = unit(sample);
  ++age_;
  all_.add(sample, lambda_);
  const double reach = std::sqrt(all_.weight * half_log_);
  advance(rise_, all_.mean + reach, sample);
  advance(fall_, 1.0 - all_.mean + reach, sample);
  const double up = std::max(excess(rise_), 0.0);
  const double down = two_sided_ ? std::max(-excess(fall_), 0.0) : 0.0;
  rising_ = up >= down;
  score_ = std::max(up, down);
  return score_;
}

Evidence HddmW::evidence() const noexcept {
  return shift_evidence(score_, rising_, rising_ ? rise_.age : fall_.age);
}

void HddmW::reset() noexcept {
  all_ = {};
  rise_ = fall_ = {};
  score_ = 0.0;
  age_ = 0;
  rising_ = true;
}

}  // namespace emdyn::detect
