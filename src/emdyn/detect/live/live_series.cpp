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
#include "emdyn/detect/live/held_series.hpp"
#include "emdyn/detect/live/live_rows.hpp"
#include "emdyn/detect/live/reference_options.hpp"
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

bool has_reference(const DetectOptions& options, std::string_view signal) {
  if (!options.reference || options.reference->samples > 0) return true;
  return options.reference->series.contains(signal);
}

void check_options(const DetectOptions& options) {
  if (options.reference) check_reference(options);
  if (takes_rows(options.detector)) {
    RowDetector(series::Axis::step, options);
  } else {
    SeriesDetector("", series::Axis::step, options);
  }
}

bool watches_training(const DetectOptions& options) {
  const auto entries = detect::entries();
  const auto entry = std::ranges::find(entries, options.detector, &EntryFacts::name);
  return entry != entries.end() && entry->by_default && options.training && !options.arm_score &&
         !options.reference;
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
  if (!options.reference && (options.arm_score || options.disarm_score > 0.0)) {
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
  if (options.after_alarm == AfterAlarm::reset) {
    throw ConfigError(fmt::format(
        "{} alarms by itself and is not reset; leave --after-alarm reset out", entry.name));
  }
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

bool resets_after_alarms(const Entry& entry, const DetectOptions& options) {
  if (options.after_alarm) return *options.after_alarm == AfterAlarm::reset;
  return entry.resets && !options.front_end.value_or(entry.front_end);
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
  std::optional<UnitInterval> unit_interval{};  // Of raw values for a detector of [0, 1].
  std::optional<HeldSeries> held{};        // In place of detector and policy, with a reference.
  std::optional<series::Event> lasting{};  // The alarm that is on,
  double last_exceeding = 0.0;             // and where it was still so.
  bool has_reference = true;
  bool resets = false;  // After an alarm.
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
    if (held) held->restart();
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
    if (held) held->skip();
    if (front_end) front_end->skip(1);
    detector->skip(1);
    for (Companion& companion : companions) companion.detector->skip(1);
  }

  /// The score of a value; nothing while it is not shown to the detector yet.
  std::optional<double> score(double value) noexcept {
    if (unit_interval) {
      std::optional<double> last;
      for (const double sample : unit_interval->place(value)) last = detector->update(sample);
      return last;
    }
    if (!front_end) return detector->update(value);
    const bool ready = front_end->ready();
    const double residual = front_end->update(value);
    if (!ready) return std::nullopt;
    // Residuals are near N(0, 1); detectors of [0, 1] take their normal probabilities.
    return detector->update(entry.domain == Domain::unit_interval ? math::normal_cdf(residual)
                                                                  : residual);
  }

  /// The evidence is used up; what is normal is kept, or learned anew.
  void after_alarm() noexcept {
    if (!resets) return detector->rearm();
    detector->reset();
    if (unit_interval) unit_interval->reset();
  }

  AlarmCause cause(const Entry& of, const detect::AnyDetector& by, std::string policy_text,
                   double p_value) const {
    return cause(of, by.evidence(), by.shares(), std::move(policy_text), p_value);
  }
  AlarmCause cause(const Entry& of, const Evidence& evidence, std::vector<series::Share> shares,
                   std::string policy_text, double p_value) const {
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
            std::move(shares),
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
    after_alarm();
    if (silent == 0) rearm_companions();
    silent = std::max(silent, refractory);
    return decision.p_value;
  }

  /// What a detector that holds a reference says of a value.
  void judge_held(double position, double value, Scored& scored,
                  std::vector<series::Event>& events) {
    const auto judged = held->push(value);
    if (!judged) return;
    scored.score = judged->score;
    scored.p_value = judged->decision.p_value;
    if (judged->decision.exceeds) last_exceeding = position;
    if (judged->decision.change == HeldPolicy::Change::begins) {
      lasting = maker.alarm(position, cause(entry, held->evidence(), held->shares(),
                                            held->policy().text(), judged->decision.p_value));
      events.push_back(*lasting);
    } else if (judged->decision.change == HeldPolicy::Change::ends && lasting) {
      events.push_back(maker.over(*lasting, position, last_exceeding, held->policy().end_text()));
      lasting.reset();
    }
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
  if (options.reference) {
    hold_reference(options, params);
    return;
  }
  impl_->refractory =
      static_cast<std::uint64_t>(std::max<std::int64_t>(options.refractory_samples, 0));
  impl_->resets = resets_after_alarms(*entry, options);
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
  if (entry->domain == Domain::unit_interval && !impl_->front_end) impl_->unit_interval.emplace();
  DetectOptions own = options;
  own.detector = entry->name;
  if (!beside.empty()) own.alpha = options.alpha.value_or(kDefaultAlpha) * (1.0 - kTrainingShare);
  if (!entry->budgeted()) own.alpha.reset();
  if (!entry->alarms_itself) impl_->policy.emplace(alarm_policy(own));
  for (const TrainingEntry& each : beside)
    impl_->stand_beside(each, options, kTrainingShare / static_cast<double>(beside.size()));
}

void SeriesDetector::hold_reference(const DetectOptions& options, const Params& params) {
  Impl& state = *impl_;
  const Entry& entry = state.entry;
  if (options.longest_period && !entry.front_end_inside) {
    throw ConfigError(
        "a reference is held as it is: no season is sought; leave --longest-period out");
  }
  const Reference& reference = *options.reference;
  const bool standardised = options.front_end.value_or(entry.front_end);
  const Placement::Kind placement = !standardised ? Placement::Kind::raw
                                    : entry.domain == Domain::unit_interval
                                        ? Placement::Kind::probability
                                        : Placement::Kind::deviations;
  HeldPolicy::Config policy = held_policy(options);
  // One that gathers evidence speaks at least once in half a stretch while there is something to tell.
  if (!entry.judges_samples) {
    policy.patience_samples = std::max<std::int64_t>(
        policy.patience_samples, static_cast<std::int64_t>(HeldViews::kStretch / 2));
  }
  state.held.emplace(entry, params, placement, static_cast<std::size_t>(reference.samples), policy);
  state.has_reference = has_reference(options, state.maker.signal());
  if (reference.samples > 0 || !state.has_reference) return;
  const auto& samples = reference.series.find(state.maker.signal())->second;
  if (!state.held->learn(samples)) refuse_short_reference(entry.name, samples.size());
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
  scored.score = 0.0;
  scored.p_value = 1.0;
  if (state.held) {
    if (state.has_reference) state.judge_held(position, value, scored, events);
    return scored;
  }
  const std::optional<double> score = state.score(value);
  if (!score) return scored;
  scored.score = score;
  scored.warning = state.detector->warns();
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
