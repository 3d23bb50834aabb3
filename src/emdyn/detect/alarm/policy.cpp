#include "emdyn/detect/alarm/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::detect {
namespace {

constexpr double kMostEvidence = 700.0;  // -ln p, before p underflows.
constexpr double kRateOfAlarms = 1e-3;   // Averages over the last thousand scores.
constexpr double kNormalState = 1e-2;    // Alarms this frequent are how the signal is.
constexpr double kMostExpected = 10.0;   // False alarms saved up,
constexpr double kFirstExpected = 2.0;   // and at the beginning.
// At exactly the budget a tail cut off too low would find itself confirmed.
constexpr double kTolerance = 2.0;
// Of a detector that prices its alarms itself a score of 1 has a chance of 1 in 500.
constexpr double kEnsembleEvidence = 6.214608098422191;

}  // namespace

AlarmPolicy::AlarmPolicy(const Config& config)
    : config_(checked("policy", kFields, config)),
      calibrator_(Calibrator::Null::unknown,
                  {config.calibrator, config.ties, config.window_samples}) {
  expected_ = kFirstExpected;
  if (config_.arl0_samples != 0.0) {
    field_detail::check_range("policy.arl0_samples", config_.arl0_samples, 2.0, 1e12);
    config_.alpha = 1.0 / config_.arl0_samples;
  }
  if (config_.disarm_p > 0.0 && config_.disarm_score > 0.0) {
    throw ConfigError("policy.disarm_p and policy.disarm_score exclude each other");
  }
  if (config_.rule == Rule::budget && config_.disarm_p > 0.0 && config_.disarm_p < config_.alpha) {
    throw ConfigError(fmt::format("policy.disarm_p must be at least alpha, {}, got {}",
                                  shortest(config_.alpha), shortest(config_.disarm_p)));
  }
  if (config_.rule == Rule::textbook && config_.disarm_score > config_.arm_score) {
    throw ConfigError(fmt::format("policy.disarm_score must be at most arm_score, {}, got {}",
                                  shortest(config_.arm_score), shortest(config_.disarm_score)));
  }
}

/// Calm enough for another alarm.
bool AlarmPolicy::calm(double score, double p) const noexcept {
  if (config_.disarm_p > 0.0) return p >= config_.disarm_p;
  if (config_.disarm_score > 0.0) return score <= config_.disarm_score;
  return score <= config_.hysteresis * alarm_score_;
}

AlarmPolicy::Decision AlarmPolicy::step(double score, std::optional<double> null_p) noexcept {
  Decision decision;
  const auto null = uses_null(null_p) ? Calibrator::Null::known : Calibrator::Null::unknown;
  if (calibrator_.null() != null) calibrator_.reset(null);
  const bool priced = config_.trusts_null && null_p;
  const double stated = priced ? score * kEnsembleEvidence : -std::log(null_p.value_or(1.0));
  const double evidence = null == Calibrator::Null::known ? std::min(stated, kMostEvidence) : score;
  decision.p_value = calibrator_.p_value(evidence);
  const double price = priced ? *null_p : decision.p_value;
  const bool exceeds =
      config_.rule == Rule::budget ? price <= config_.alpha : score > config_.arm_score;
  if (teaches(exceeds, decision.p_value)) {
    calibrator_.learn(evidence);
  } else {
    calibrator_.pass();
  }
  if (silent_ > 0) --silent_;
  if (alarm_score_ > 0.0 && calm(score, price)) alarm_score_ = 0.0;
  if (!exceeds || silent_ > 0 || alarm_score_ > 0.0) return decision;
  decision.alarm = true;
  silent_ = static_cast<std::uint64_t>(config_.refractory_samples);
  const bool waits =
      config_.hysteresis < 1.0 || config_.disarm_p > 0.0 || config_.disarm_score > 0.0;
  alarm_score_ = waits ? score : 0.0;
  return decision;
}

bool AlarmPolicy::teaches(bool exceeds, double p) noexcept {
  alarm_rate_ += kRateOfAlarms * ((exceeds ? 1.0 : 0.0) - alarm_rate_);
  const double strange = std::max(config_.alpha, calibrator_.least_credible());
  expected_ = std::min(expected_ + kTolerance * strange, kMostExpected);
  if (alarm_rate_ > kNormalState) return true;
  if (!exceeds && p > strange) return silent_ == 0 || !anomaly_;
  anomaly_ = expected_ < 1.0;
  if (!anomaly_) expected_ -= 1.0;
  return !anomaly_;
}

void AlarmPolicy::skip(std::uint64_t count) noexcept { silent_ -= std::min(silent_, count); }

void AlarmPolicy::reset() noexcept {
  calibrator_.reset();
  silent_ = 0;
  alarm_score_ = alarm_rate_ = 0.0;
  expected_ = kFirstExpected;
  anomaly_ = false;
}

std::string AlarmPolicy::text() const {
  const std::string rule = config_.rule == Rule::budget
                               ? fmt::format("p <= {} per sample", shortest(config_.alpha))
                               : fmt::format("score > {}", shortest(config_.arm_score));
  std::string armed;
  if (config_.disarm_p > 0.0)
    armed = fmt::format(", armed again at p >= {}", shortest(config_.disarm_p));
  if (config_.disarm_score > 0.0)
    armed = fmt::format(", armed again at score <= {}", shortest(config_.disarm_score));
  return fmt::format("{}, {} samples refractory{}", rule, config_.refractory_samples, armed);
}

}  // namespace emdyn::detect
