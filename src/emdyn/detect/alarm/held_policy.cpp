#include "emdyn/detect/alarm/held_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/core/error.hpp"
#include "emdyn/core/field.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::detect {

HeldPolicy::HeldPolicy(const Config& config)
    : config_(config),
      calibrator_(Calibrator::Null::unknown, {config.calibrator, Calibrator::Ties::conservative}) {
  if (config.alpha) field_detail::check_range("policy.alpha", *config.alpha, 1e-12, 0.5);
  if (config.arm_score) field_detail::check_range("policy.arm_score", *config.arm_score, 1e-6, 1e6);
  if (config.alpha && config.arm_score)
    throw ConfigError("policy.alpha and policy.arm_score exclude each other");
  if (config.patience_samples < 0) {
    throw ConfigError(
        fmt::format("policy.patience_samples must be >= 0, got {}", config.patience_samples));
  }
}

void HeldPolicy::learn(double score) {
  ++learned_;
  highest_ = std::max(highest_, score);
  calibrator_.learn(score);
  if (calibrator_.ready()) {
    few_ = {};
  } else {
    few_.push_back(score);
  }
}

double HeldPolicy::p_value(double score) const noexcept {
  if (score <= 0.0) return 1.0;
  if (calibrator_.ready()) return calibrator_.p_value(score);
  if (few_.empty()) return 1.0;
  const auto higher = std::ranges::count_if(few_, [score](double other) { return other >= score; });
  return (static_cast<double>(higher) + 1.0) / (static_cast<double>(few_.size()) + 1.0);
}

/// Above all that was seen and the textbook's threshold, where the scores have no tail that says how rare that is.
bool HeldPolicy::beyond_ranks(double score, double p) const noexcept {
  const double rarest = 1.0 / (static_cast<double>(learned_) + 1.0);
  return rarest > kAlpha && p >= 0.999 * rarest && score > std::max(1.0, highest_);
}

HeldPolicy::Decision HeldPolicy::step(double score) noexcept {
  Decision decision;
  decision.p_value = p_value(score);
  if (config_.arm_score) {
    decision.exceeds = score > *config_.arm_score;
  } else if (config_.alpha || calibrator_.ready()) {
    decision.exceeds = decision.p_value <= config_.alpha.value_or(kAlpha) ||
                       (!config_.alpha && beyond_ranks(score, decision.p_value));
  } else {
    decision.exceeds = score > std::max(1.0, highest_);
  }
  calm_ = decision.exceeds ? 0 : calm_ + 1;
  if (decision.exceeds && !on_) {
    on_ = true;
    decision.change = Change::begins;
  } else if (on_ && calm_ > static_cast<std::uint64_t>(config_.patience_samples)) {
    on_ = false;
    decision.change = Change::ends;
  }
  return decision;
}

std::string HeldPolicy::text() const {
  std::string rule;
  if (config_.arm_score) {
    rule = fmt::format("score > {}", shortest(*config_.arm_score));
  } else if (config_.alpha || calibrator_.ready()) {
    rule = fmt::format("p <= {} per sample", shortest(config_.alpha.value_or(kAlpha)));
  } else {
    rule = "score > 1 and above all";
  }
  return fmt::format("{}, against {} kept-out {}, until {} samples are calm", rule, learned_,
                     kAgainstReference, config_.patience_samples + 1);
}

std::string HeldPolicy::end_text() const {
  return fmt::format("{}: {} samples are calm", kBackToNormal, config_.patience_samples + 1);
}

}  // namespace emdyn::detect
