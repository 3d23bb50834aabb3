#include "emdyn/detect/live/live_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/detect/live/event_maker.hpp"
#include "emdyn/detect/live/live_rows.hpp"
#include "emdyn/detect/rows/vector_registry.hpp"
#include "emdyn/detect/training/divergence.hpp"
#include "emdyn/detect/training/frozen.hpp"
#include "emdyn/detect/training/schedule.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::detect {

bool takes_rows(std::string_view detector) {
  if (series_registry().find_or_null(detector) != nullptr) return false;
  if (row_registry().find_or_null(detector) != nullptr) return true;
  std::vector<std::string_view> known = series_registry().names();
  for (const std::string_view name : row_registry().names()) known.push_back(name);
  unknown_entry(series_registry().form(), detector, known);
}

detect::AlarmPolicy alarm_policy(const DetectOptions& options) {
  using Policy = detect::AlarmPolicy;
  const bool rows = takes_rows(options.detector);
  const bool calibrated = !rows && find_entry(options.detector).calibrated;
  Policy::Config config;
  const bool budget = options.alpha || (calibrated && !options.arm_score);
  config.trusts_null = calibrated;
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

void check_options(const DetectOptions& options) {
  if (takes_rows(options.detector)) {
    RowDetector(series::Axis::step, options);
  } else {
    SeriesDetector("", series::Axis::step, options);
  }
}

bool watches_training(const DetectOptions& options) {
  const auto entries = detect::entries();
  const auto entry = std::ranges::find(entries, options.detector, &EntryFacts::name);
  return entry != entries.end() && entry->by_default && options.training && !options.arm_score;
}

double validation_alpha(const DetectOptions& options) {
  return 0.5 * kTrainingShare * options.alpha.value_or(kDefaultAlpha);
}

std::vector<TrainingEntry> training_entries(std::string_view signal) {
  const TrainingEntry still{&find_entry(Frozen::kName)};
  const auto role = series::role_of(signal);
  if (!role) return {still};
  switch (*role) {
    case series::Role::learning_rate:
      return {TrainingEntry{&find_entry(ScheduleStep::kName), {}, true}};
    case series::Role::train_loss:
    case series::Role::test_loss:
      return {still, TrainingEntry{&find_entry(Divergence::kName)}};
    case series::Role::train_accuracy:
    case series::Role::test_accuracy:
      return {still, TrainingEntry{&find_entry(Divergence::kName), {{"direction", "fall"}}}};
    case series::Role::gradient_norm:
    case series::Role::update_norm:
      return {still, TrainingEntry{&find_entry(NormGrowth::kName)}};
    default:
      return {still};
  }
}

namespace {

/// What is said of alarms to a detector that has its policies inside are parameters of it.
Params own_alarm_params(const Entry& entry, const DetectOptions& options) {
  if (options.arm_score || options.disarm_score > 0.0) {
    throw ConfigError(
        fmt::format("{} alarms within a budget (--alpha); leave --arm-score and --disarm-score out",
                    entry.name));
  }
  if (options.front_end) {
    throw ConfigError(fmt::format(
        "{} has its own front end; leave --front-end and --no-front-end out", entry.name));
  }
  Params own{{"refractory_samples", std::to_string(options.refractory_samples)},
             {"hysteresis", shortest(options.hysteresis)},
             {"disarm_p", shortest(options.disarm_p)},
             {"calibrator",
              std::string(Calibrator::kKinds[static_cast<std::size_t>(options.calibrator)])}};
  if (options.alpha) own.emplace("alpha", shortest(*options.alpha));
  constexpr std::array kOptions{
      std::pair{"alpha", "--alpha"}, std::pair{"refractory_samples", "--refractory"},
      std::pair{"hysteresis", "--hysteresis"}, std::pair{"disarm_p", "--disarm-p"},
      std::pair{"calibrator", "--calibrator"}};
  for (const auto& [name, option] : kOptions) {
    if (!options.params.contains(name)) continue;
    throw ConfigError(
        fmt::format("{} takes {} from {}; leave --set {} out", entry.name, name, option, name));
  }
  return own;
}

/// The detector's parameters; the season of one that has a front end inside is one of them.
Params params_of(const Entry& entry, const DetectOptions& options) {
  Params params = options.params;
  if (entry.alarms_itself) params.merge(own_alarm_params(entry, options));
  if (options.longest_period && entry.front_end_inside) {
    params.emplace("longest_period", std::to_string(*options.longest_period));
  }
  return params;
}

}  // namespace

/// One detector, and what lies around those that do not bring it along: front end and policy. Where
/// it is the default one, others stand beside it.
struct SeriesDetector::Impl {
  /// A detector that stands beside the first.
  struct Companion {
    const Entry& entry;
    std::unique_ptr<detect::AnyDetector> detector;
    detect::AlarmPolicy policy;
  };

  EventMaker maker;
  const Entry& entry;
  std::unique_ptr<detect::AnyDetector> detector;
  std::optional<detect::FrontEnd> front_end{};
  std::optional<detect::AlarmPolicy> policy{};  // Absent: it alarms by itself.
  std::vector<Companion> companions{};
  std::uint64_t refractory = 0;  // Samples for which an alarm of one silences the others.
  std::uint64_t silent = 0;      // Of these, left.
  SampleLog log{};
  double last_position = -std::numeric_limits<double>::max();

  void stand_beside(const TrainingEntry& beside, const DetectOptions& options, double share) {
    DetectOptions own = options;
    own.detector = beside.entry->name;
    own.params = beside.params;
    own.arm_score.reset();
    own.disarm_score = 0.0;
    own.alpha = options.alpha.value_or(kDefaultAlpha) * share;
    companions.push_back({*beside.entry, beside.entry->make(beside.params), alarm_policy(own)});
  }

  /// A new segment: what is normal is kept.
  void rearm() noexcept {
    if (front_end) front_end->rearm();
    detector->rearm();
    if (policy) policy->rearm();
    rearm_companions();
    silent = 0;
    log.clear();
    maker.restart();
  }

  void rearm_companions() noexcept {
    for (Companion& companion : companions) {
      companion.detector->rearm();
      companion.policy.rearm();
    }
  }

  void skip() noexcept {
    if (front_end) front_end->skip(1);
    detector->skip(1);
    for (Companion& companion : companions) companion.detector->skip(1);
  }

  /// What the detector is shown of a value; nothing while its front end warms up.
  std::optional<double> sample_of(double value) noexcept {
    if (!front_end) return value;
    const bool ready = front_end->ready();
    const double residual = front_end->update(value);
    if (!ready) return std::nullopt;
    // Residuals are near N(0, 1); detectors of [0, 1] take their normal probabilities.
    return entry.domain == Domain::unit_interval ? math::normal_cdf(residual) : residual;
  }

  AlarmCause cause(const Entry& of, const detect::AnyDetector& by, std::string policy_text,
                   double p_value) const {
    const Evidence evidence = by.evidence();
    const EventKind kind = evidence.kind.value_or(of.kind);
    if (evidence.warming_up) policy_text += ", the baseline is still being learned";
    const bool single = kind == EventKind::spike || kind == EventKind::outlier;
    return {kind,
            of.name,
            std::move(policy_text),
            evidence.score,
            p_value,
            evidence.direction,
            log.interval(evidence),
            by.shares(),
            log.change(evidence.onset_samples_ago, single)};
  }

  void own_alarms(double position, std::vector<series::Event>& events) const {
    for (OwnAlarm& alarm : detector->alarms()) {
      const Evidence& evidence = alarm.evidence;
      const EventKind kind = evidence.kind.value_or(entry.kind);
      events.push_back(maker.alarm(
          position, {kind, alarm.member, std::move(alarm.policy), evidence.score, alarm.p_value,
                     evidence.direction, log.interval(evidence), detector->shares(),
                     log.change(evidence.onset_samples_ago, kind == EventKind::spike)}));
    }
  }

  double decide(double position, double score, std::vector<series::Event>& events) {
    const auto null_p = detector->p_value();
    const auto decision = policy->step(score, null_p);
    if (!decision.alarm) return decision.p_value;
    const bool priced = policy->config().trusts_null && null_p;
    if (silent == 0) {
      events.push_back(maker.alarm(
          position, cause(entry, *detector, policy->text(), priced ? *null_p : decision.p_value)));
    }
    detector->rearm();
    if (silent == 0) rearm_companions();
    silent = std::max(silent, refractory);
    return decision.p_value;
  }

  void ask_companions(double position, double value, std::vector<series::Event>& events) {
    for (Companion& companion : companions) {
      const double score = companion.detector->update(value);
      const auto null_p = companion.detector->p_value();
      if (!companion.policy.step(score, null_p).alarm) continue;
      if (silent == 0) {
        events.push_back(
            maker.alarm(position, cause(companion.entry, *companion.detector,
                                        companion.policy.text(), null_p.value_or(1.0))));
      }
      companion.detector->rearm();
      silent = std::max(silent, refractory);
    }
  }
};

SeriesDetector::SeriesDetector(std::string signal, series::Axis axis,
                               const DetectOptions& options) {
  const Entry* entry = &find_entry(options.detector);
  std::vector<TrainingEntry> beside;
  if (watches_training(options)) beside = training_entries(signal);
  Params params = params_of(*entry, options);
  if (beside.size() == 1 && beside.front().alone) {
    entry = beside.front().entry;
    params = beside.front().params;
    beside.clear();
  }
  impl_.reset(new Impl{EventMaker(std::move(signal), axis), *entry, entry->make(params)});
  impl_->refractory =
      static_cast<std::uint64_t>(std::max<std::int64_t>(options.refractory_samples, 0));
  if (options.front_end.value_or(entry->front_end)) {
    FrontEnd::Config front_end;
    if (options.longest_period) front_end.longest_period = *options.longest_period;
    impl_->front_end.emplace(front_end);
  } else if (options.longest_period && !find_entry(options.detector).front_end_inside) {
    throw ConfigError(fmt::format(
        "{} has no front end here that could seek a season; leave --longest-period out or put one "
        "before it with --front-end",
        options.detector));
  }
  DetectOptions own = options;
  own.detector = entry->name;
  if (!beside.empty()) own.alpha = options.alpha.value_or(kDefaultAlpha) * (1.0 - kTrainingShare);
  if (!entry->budgeted()) own.alpha.reset();
  if (!entry->alarms_itself) impl_->policy.emplace(alarm_policy(own));
  for (const TrainingEntry& each : beside)
    impl_->stand_beside(each, options, kTrainingShare / static_cast<double>(beside.size()));
}

SeriesDetector::~SeriesDetector() = default;
SeriesDetector::SeriesDetector(SeriesDetector&&) noexcept = default;

Scored SeriesDetector::push(double position, double value, std::vector<series::Event>& events) {
  Impl& state = *impl_;
  Scored scored{position, value, {}, {}};
  if (std::isnan(position)) return scored;
  if (position < state.last_position) state.rearm();
  state.last_position = position;
  if (auto event = state.maker.nonfinite(position, value)) events.push_back(std::move(*event));
  if (!std::isfinite(value)) {
    state.skip();
    return scored;
  }
  state.log.push(position, value);
  if (state.silent > 0) --state.silent;
  const std::optional<double> sample = state.sample_of(value);
  scored.score = 0.0;
  scored.p_value = 1.0;
  if (!sample) return scored;
  scored.score = state.detector->update(*sample);
  if (state.policy) {
    scored.p_value = state.decide(position, *scored.score, events);
  } else {
    scored.p_value = state.detector->p_value();
    state.own_alarms(position, events);
  }
  state.ask_companions(position, value, events);
  return scored;
}

}  // namespace emdyn::detect
