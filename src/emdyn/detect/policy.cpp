#include "emdyn/detect/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/text.hpp"

namespace emdyn::detect {
namespace {

constexpr double kMostEvidence = 700.0;  // -ln p, before p underflows.
constexpr double kRateOfAlarms = 1e-3;   // Averages over the last thousand scores.
constexpr double kNormalState = 1e-2;    // Alarms this frequent are how the signal is.

}  // namespace

AlarmPolicy::AlarmPolicy(const Config& config) : config_(checked("policy", kFields, config)) {}

AlarmPolicy::Decision AlarmPolicy::step(double score, std::optional<double> null_p) noexcept {
  Decision decision;
  double evidence = score;  // What the calibrator judges.
  if (null_p) {
    evidence = std::min(-std::log(*null_p), kMostEvidence);
    decision.p_value = std::max(*null_p, null_calibrator_.p_value(evidence));
  } else {
    decision.p_value = calibrator_.p_value(score);
  }
  const bool exceeds =
      config_.rule == Rule::budget ? decision.p_value <= config_.alpha : score > 1.0;
  alarm_rate_ += kRateOfAlarms * ((exceeds ? 1.0 : 0.0) - alarm_rate_);
  const bool calm = !exceeds && silent_ == 0;
  if (calm || alarm_rate_ > kNormalState) (null_p ? null_calibrator_ : calibrator_).learn(evidence);
  if (silent_ > 0) --silent_;
  if (alarm_score_ > 0.0 && score <= config_.hysteresis * alarm_score_) alarm_score_ = 0.0;
  if (!exceeds || silent_ > 0 || alarm_score_ > 0.0) return decision;
  decision.alarm = true;
  silent_ = static_cast<std::uint64_t>(config_.refractory_samples);
  alarm_score_ = config_.hysteresis < 1.0 ? score : 0.0;
  return decision;
}

void AlarmPolicy::skip(std::uint64_t count) noexcept { silent_ -= std::min(silent_, count); }

void AlarmPolicy::reset() noexcept {
  calibrator_.reset();
  null_calibrator_.reset();
  silent_ = 0;
  alarm_score_ = alarm_rate_ = 0.0;
}

std::string AlarmPolicy::text() const {
  const std::string rule = config_.rule == Rule::budget
                               ? fmt::format("p <= {} per sample", shortest(config_.alpha))
                               : std::string("score > 1");
  return fmt::format("{}, {} samples refractory", rule, config_.refractory_samples);
}

}  // namespace emdyn::detect
