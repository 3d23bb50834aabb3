#include "emdyn/detect/drift/hddm.hpp"

#include <cmath>

namespace emdyn::detect {
namespace {

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
