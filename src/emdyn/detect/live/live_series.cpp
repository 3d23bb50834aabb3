#include "emdyn/detect/live/live_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {

bool takes_rows(std::string_view detector) {
  if (detector == kWatch) return false;
  const auto knows = [detector](const auto& entries) {
    return std::ranges::find(entries, detector, &detect::EntryFacts::name) != entries.end();
  };
  if (knows(detect::entries())) return false;
  if (knows(detect::vector_entries())) return true;
  std::vector<std::string_view> known{kWatch};
  for (const auto& entry : detect::entries()) known.push_back(entry.name);
  for (const auto& entry : detect::vector_entries()) known.push_back(entry.name);
  const auto near = nearest_word(detector, known);
  throw ConfigError(fmt::format("unknown detector \"{}\"{}; see emdyn detect --list",
                                terminal_safe(detector),
                                near ? fmt::format(" (did you mean {}?)", *near) : std::string()));
}

detect::AlarmPolicy alarm_policy(const DetectOptions& options) {
  using Policy = detect::AlarmPolicy;
  Policy::Config config;
  const bool budget = options.alpha || (options.detector == kDefaultDetector && !options.arm_score);
  config.trusts_null = options.detector == kDefaultDetector;
  config.rule = budget ? Policy::Rule::budget : Policy::Rule::textbook;
  config.alpha = options.alpha.value_or(kDefaultAlpha);
  config.arm_score = options.arm_score.value_or(config.arm_score);
  config.disarm_score = options.disarm_score;
  config.disarm_p = options.disarm_p;
  config.refractory_samples = options.refractory_samples;
  config.hysteresis = options.hysteresis;
  config.calibrator = options.calibrator;
  return Policy(config);
}

namespace {

detect::SignalWatch::Config watch_config(const DetectOptions& options) {
  detect::SignalWatch::Config config;
  config.alpha = options.alpha.value_or(config.alpha);
  config.refractory_samples = options.refractory_samples;
  config.hysteresis = options.hysteresis;
  config.calibrator = options.calibrator;
  config.disarm_p = options.disarm_p;
  if (options.longest_period) config.front_end.longest_period = *options.longest_period;
  return config;
}

/// The detector's parameters; the season of one that has a front end inside is one of them.
Params params_of(const DetectOptions& options) {
  Params params = options.params;
  const bool inside = options.detector == kDefaultDetector;
  if (options.longest_period && inside && !params.contains("longest_period")) {
    params.emplace("longest_period", std::to_string(*options.longest_period));
  }
  return params;
}

}  // namespace

/// The watch, or one detector with its front end and policy.
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
    event.detector = "finite";
    event.policy = "one event per burst";
    events.push_back(std::move(event));
  }

  series::Event alarm(double position, const detect::Evidence& evidence, double p_value) const {
    series::Event event;
    event.signal = signal;
    event.position = position;
    event.axis = axis;
    event.kind = evidence.kind.value_or(kind);
    event.detector = detector->name();
    event.policy = policy->text();
    event.score = evidence.score;
    if (p_value < 1.0) event.p_value = p_value;  // At 1 there was no past to rank the score in.
    event.direction = evidence.direction;
    event.onset = log.interval(evidence);
    event.shares = detector->shares();
    return event;
  }
};

SeriesDetector::SeriesDetector(std::string signal, series::Axis axis, const DetectOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->signal = std::move(signal);
  impl_->axis = axis;
  if (options.detector == kWatch) {
    if (options.arm_score || options.disarm_score > 0.0) {
      throw ConfigError(
          "watch alarms within a budget (--alpha); leave --arm-score and --disarm-score out");
    }
    if (!options.params.empty() || options.front_end) {
      throw ConfigError(
          "watch has its own front end and no parameters but --alpha and --refractory; leave "
          "--set, --front-end and --no-front-end out");
    }
    impl_->watch.emplace(impl_->signal, watch_config(options));
    return;
  }
  const detect::Entry& entry = detect::find_entry(options.detector);
  impl_->detector = entry.make(params_of(options));
  impl_->kind = entry.kind;
  impl_->domain = entry.domain;
  if (options.front_end.value_or(entry.front_end)) {
    detect::FrontEnd::Config front_end;
    if (options.longest_period) front_end.longest_period = *options.longest_period;
    impl_->front_end.emplace(front_end);
  } else if (options.longest_period && options.detector != kDefaultDetector) {
    throw ConfigError(fmt::format(
        "{} has no front end here that could seek a season; leave --longest-period out or put one "
        "before it with --front-end",
        options.detector));
  }
  impl_->policy.emplace(alarm_policy(options));
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
    const auto price =
        state.policy->config().trusts_null ? state.detector->p_value() : std::nullopt;
    events.push_back(
        state.alarm(position, state.detector->evidence(), price.value_or(decision.p_value)));
    state.detector->rearm();
  }
  return scored;
}

}  // namespace emdyn::detect
