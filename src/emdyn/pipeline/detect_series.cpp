#include "emdyn/pipeline/detect_series.hpp"

#include <cmath>
#include <limits>

#include "emdyn/math/distributions.hpp"

namespace emdyn::pipeline {

/// Either the default watch, or one named detector with its front end and policy.
struct SeriesDetector::Impl {
  std::string signal;
  series::Axis axis;
  std::optional<detect::SignalWatch> watch;
  std::unique_ptr<detect::AnyDetector> detector;
  std::optional<detect::FrontEnd> front_end;
  std::optional<detect::AlarmPolicy> policy;
  detect::PositionLog log;
  detect::EventKind kind = detect::EventKind::shift;
  detect::Domain domain = detect::Domain::real;
  double last_position = -std::numeric_limits<double>::max();
  bool in_burst = false;

  void nonfinite(double position, std::vector<series::Event>& events) {
    if (front_end) front_end->skip(1);
    detector->skip(1);
    if (std::exchange(in_burst, true)) return;
    series::Event event;
    event.signal = signal;
    event.position = position;
    event.axis = axis;
    event.kind = detect::EventKind::nonfinite;
    event.detector = "nonfinite";
    event.policy = "once per burst";
    events.push_back(std::move(event));
  }

  series::Event alarm(double position, const detect::Evidence& evidence, double p_value) const {
    series::Event event;
    event.signal = signal;
    event.position = position;
    event.axis = axis;
    event.kind = kind;
    event.detector = detector->name();
    event.policy = policy->text();
    event.score = evidence.score;
    event.p_value = p_value;
    event.direction = evidence.direction;
    event.onset = log.interval(evidence);
    return event;
  }
};

SeriesDetector::SeriesDetector(std::string signal, series::Axis axis, const DetectOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->signal = std::move(signal);
  impl_->axis = axis;
  if (options.detector.empty()) {
    detect::SignalWatch::Config config;
    config.alpha = options.alpha.value_or(config.alpha);
    config.refractory_samples = options.refractory_samples;
    impl_->watch.emplace(impl_->signal, config);
    return;
  }
  const detect::Entry& entry = detect::find_entry(options.detector);
  impl_->detector = entry.make(options.params);
  impl_->kind = entry.kind;
  impl_->domain = entry.domain;
  if (options.front_end.value_or(entry.front_end)) impl_->front_end.emplace();
  using Policy = detect::AlarmPolicy;
  Policy::Config config;
  config.rule = options.alpha ? Policy::Rule::budget : Policy::Rule::textbook;
  config.alpha = options.alpha.value_or(config.alpha);
  config.refractory_samples = options.refractory_samples;
  impl_->policy.emplace(config);
}

SeriesDetector::~SeriesDetector() = default;
SeriesDetector::SeriesDetector(SeriesDetector&&) noexcept = default;

Scored SeriesDetector::push(double position, double value, std::vector<series::Event>& events) {
  Impl& state = *impl_;
  Scored scored{position, value, {}, {}};
  if (state.watch) {
    const std::size_t before = events.size();
    state.watch->push(position, value, events);
    for (std::size_t i = before; i < events.size(); ++i) events[i].axis = state.axis;
    if (std::isfinite(value)) scored.p_value = state.watch->p_value();
    return scored;
  }
  if (!std::isfinite(value)) {
    state.nonfinite(position, events);
    return scored;
  }
  state.in_burst = false;
  if (position < state.last_position) {  // A new segment: what is normal is kept.
    if (state.front_end) state.front_end->rearm();
    state.detector->rearm();
    state.policy->rearm();
    state.log.clear();
  }
  state.last_position = position;
  state.log.push(position);
  double sample = value;
  if (state.front_end) {
    const bool ready = state.front_end->ready();
    sample = state.front_end->update(value);
    if (!ready) {
      scored.score = 0.0;
      scored.p_value = 1.0;
      return scored;
    }
  }
  // Residuals are near N(0, 1); detectors of [0, 1] take their normal probabilities.
  if (state.front_end && state.domain == detect::Domain::unit_interval) {
    sample = math::normal_cdf(sample);
  }
  const double score = state.detector->update(sample);
  const auto decision = state.policy->step(score, state.detector->p_value());
  scored.score = score;
  scored.p_value = decision.p_value;
  if (decision.alarm) {
    events.push_back(state.alarm(position, state.detector->evidence(), decision.p_value));
    state.detector->rearm();
  }
  return scored;
}

Detected detect_signal(const series::Signal& signal, const DetectOptions& options) {
  SeriesDetector detector(signal.name, signal.axis, options);
  Detected found{signal.name, options.detector.empty() ? "default" : options.detector, {}, {}};
  found.samples.reserve(signal.size());
  for (std::size_t i = 0; i < signal.size(); ++i) {
    found.samples.push_back(detector.push(signal.positions[i], signal.values[i], found.events));
  }
  return found;
}

}  // namespace emdyn::pipeline
