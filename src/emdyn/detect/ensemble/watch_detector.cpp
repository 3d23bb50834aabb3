#include "emdyn/detect/ensemble/watch_detector.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::detect {
namespace {

// A lone spike must not look like a shift to the CUSUM.
constexpr double kMostForWatchedShift = 4.0;
constexpr double kLeastChance = 1e-300;

AlarmPolicy::Config half_budget(const WatchDetector::Config& config) {
  return {.alpha = 0.5 * config.alpha,
          .refractory_samples = config.refractory_samples,
          .hysteresis = config.hysteresis,
          .disarm_p = config.disarm_p,
          .calibrator = config.calibrator};
}

}  // namespace

WatchDetector::WatchDetector(const Config& config)
    : inverse_log_alpha_(1.0 / std::log(checked(kName, kFields, config).alpha)),
      front_end_({.longest_period = config.longest_period}),
      spike_({.warmup_samples = 0}),
      shift_({.baseline_samples = 0}),
      spike_policy_(half_budget(config)),
      shift_policy_(half_budget(config)),
      refractory_(static_cast<std::uint64_t>(config.refractory_samples)) {}

double WatchDetector::update(double sample) noexcept {
  const bool was_ready = front_end_.ready();
  const double z = front_end_.update(sample);
  p_value_ = 1.0;
  score_ = 0.0;
  last_ = {};
  if (!was_ready) return score_;
  ready_ = true;
  const double spike_score = spike_.update(z);
  const double shift_score =
      shift_.update(std::clamp(z, -kMostForWatchedShift, kMostForWatchedShift));
  const auto spike = spike_policy_.step(spike_score, spike_.p_value());
  const auto shift = shift_policy_.step(shift_score, shift_.p_value());
  p_value_ = std::min(1.0, 2.0 * std::min(spike.p_value, shift.p_value));
  score_ =
      bounded_score(std::max(0.0, std::log(std::max(p_value_, kLeastChance)) * inverse_log_alpha_));
  if (shift_silence_ > 0) --shift_silence_;
  if (shift.alarm) {
    speak(shift_.evidence(), shift.p_value, true, true);
    shift_silence_ = refractory_;
    shift_.rearm();
    shift_policy_.rearm();
  } else if (spike.alarm && shift_silence_ == 0) {
    speak(spike_.evidence(), spike.p_value, false, true);
  } else if (shift.p_value < spike.p_value) {
    speak(shift_.evidence(), shift.p_value, true, false);
  } else {
    speak(spike_.evidence(), spike.p_value, false, false);
  }
  return score_;
}

void WatchDetector::speak(const Evidence& evidence, double p_value, bool shifts,
                          bool alarmed) noexcept {
  last_ = {evidence.score,
           p_value,
           alarmed,
           shifts,
           evidence.direction == Direction::rise,
           evidence.direction == Direction::fall,
           evidence.onset_samples_ago,
           evidence.onset_earliest_ago,
           evidence.onset_latest_ago};
}

Evidence WatchDetector::evidence() const noexcept {
  const Direction direction = last_.rises   ? Direction::rise
                              : last_.falls ? Direction::fall
                                            : Direction::none;
  return {score_,         direction,    last_.onset,
          last_.earliest, last_.latest, last_.shifts ? EventKind::shift : EventKind::spike};
}

std::vector<OwnAlarm> WatchDetector::alarms() const {
  if (!last_.alarmed) return {};
  Evidence of_member = evidence();
  of_member.score = last_.score;
  return {{last_.shifts ? Cusum::kName : KSigma::kName, of_member, last_.p_value,
           last_.shifts ? shift_policy_.text() : spike_policy_.text()}};
}

void WatchDetector::skip(std::uint64_t count) noexcept {
  front_end_.skip(count);
  spike_.skip(count);
  shift_.skip(count);
  spike_policy_.skip(count);
  shift_policy_.skip(count);
  last_.alarmed = false;
}

void WatchDetector::rearm() noexcept {
  front_end_.rearm();
  spike_.rearm();
  shift_.rearm();
  spike_policy_.rearm();
  shift_policy_.rearm();
  score_ = 0.0;
  last_ = {};
}

void WatchDetector::reset() noexcept {
  rearm();
  front_end_.reset();
  spike_policy_.reset();
  shift_policy_.reset();
  shift_silence_ = 0;
  p_value_ = 1.0;
  ready_ = false;
}

}  // namespace emdyn::detect
