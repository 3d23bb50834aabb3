#include "emdyn/detect/live/signal_watch.hpp"

#include <cmath>

namespace emdyn::detect {
namespace {

// A lone spike must not look like a shift to the CUSUM.
constexpr double kMostForShift = 4.0;

AlarmPolicy::Config half_budget(const SignalWatch::Config& config) {
  return {.alpha = 0.5 * config.alpha,
          .refractory_samples = config.refractory_samples,
          .hysteresis = config.hysteresis,
          .disarm_p = config.disarm_p,
          .calibrator = config.calibrator};
}

}  // namespace

SignalWatch::SignalWatch(std::string signal, const Config& config)
    : signal_(std::move(signal)),
      front_end_(checked("watch", kFields, config).front_end),
      spike_({.warmup_samples = 0}),
      shift_({.baseline_samples = 0}),
      spike_policy_(half_budget(config)),
      shift_policy_(half_budget(config)),
      refractory_(static_cast<std::uint64_t>(config.refractory_samples)) {}

void SignalWatch::push(double position, double value, std::vector<series::Event>& events) {
  if (std::isnan(position)) return;
  if (position < last_position_) rearm();
  last_position_ = position;
  if (std::isfinite(value)) {
    in_burst_ = false;
    push_finite(position, value, events);
    return;
  }
  if (!in_burst_) {
    series::Event found = event(position, EventKind::nonfinite, "finite");
    found.policy = "one event per burst";
    found.p_value.reset();
    if (std::isinf(value)) found.direction = value > 0 ? Direction::rise : Direction::fall;
    found.onset = series::Interval{position, position, position, 1.0};
    events.push_back(std::move(found));
  }
  in_burst_ = true;
  skip(1);
}

void SignalWatch::push_finite(double position, double value, std::vector<series::Event>& events) {
  const bool was_ready = front_end_.ready();
  const double z = front_end_.update(value);
  log_.push(position);
  p_value_ = 1.0;
  if (!was_ready) return;
  const double spike_score = spike_.update(z);
  const double shift_score = shift_.update(std::min(std::max(z, -kMostForShift), kMostForShift));
  const auto spike = spike_policy_.step(spike_score, spike_.p_value());
  const auto shift = shift_policy_.step(shift_score, shift_.p_value());
  p_value_ = std::min(1.0, 2.0 * std::min(spike.p_value, shift.p_value));
  if (shift_silence_ > 0) --shift_silence_;
  const auto report = [&](const Evidence& evidence, double p, EventKind kind,
                          std::string_view detector, const AlarmPolicy& policy) {
    series::Event found = event(position, kind, detector);
    found.policy = policy.text();
    found.score = evidence.score;
    found.p_value = p;
    found.direction = evidence.direction;
    found.onset = log_.interval(evidence);
    events.push_back(std::move(found));
  };
  if (shift.alarm) {
    report(shift_.evidence(), shift.p_value, EventKind::shift, Cusum::kName, shift_policy_);
    shift_silence_ = refractory_;
    shift_.rearm();
    shift_policy_.rearm();
  } else if (spike.alarm && shift_silence_ == 0) {
    report(spike_.evidence(), spike.p_value, EventKind::spike, KSigma::kName, spike_policy_);
  }
}

void SignalWatch::push(std::span<const double> positions, std::span<const double> values,
                       std::vector<series::Event>& events) {
  for (std::size_t i = 0; i < std::min(positions.size(), values.size()); ++i) {
    push(positions[i], values[i], events);
  }
}

void SignalWatch::skip(std::uint64_t count) noexcept {
  front_end_.skip(count);
  spike_.skip(count);
  shift_.skip(count);
  spike_policy_.skip(count);
  shift_policy_.skip(count);
}

void SignalWatch::rearm() noexcept {
  front_end_.rearm();
  spike_.rearm();
  shift_.rearm();
  spike_policy_.rearm();
  shift_policy_.rearm();
  log_.clear();
  in_burst_ = false;
}

void SignalWatch::reset() noexcept {
  rearm();
  front_end_.reset();
  spike_policy_.reset();
  shift_policy_.reset();
  last_position_ = -std::numeric_limits<double>::max();
  shift_silence_ = 0;
  p_value_ = 1.0;
}

series::Event SignalWatch::event(double position, EventKind kind, std::string_view detector) const {
  series::Event found;
  found.signal = signal_;
  found.position = position;
  found.detector = detector;
  found.kind = kind;
  return found;
}

}  // namespace emdyn::detect
