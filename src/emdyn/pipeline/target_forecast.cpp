#include "emdyn/pipeline/target_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/forecast_run.hpp"

namespace emdyn::pipeline {
namespace {

using forecast::SignalTarget;
using forecast::TargetKind;

constexpr std::size_t kNamedSignals = 8;
constexpr double kAssumedTimes = 2.0;

std::string names_of(const series::Run& run) {
  std::string text;
  for (std::size_t i = 0; i < run.signals.size(); ++i) {
    if (i == kNamedSignals) return text + ", …";
    text += (i == 0 ? "" : ", ") + terminal_safe(run.signals[i].name);
  }
  return text;
}

std::optional<std::string_view> nearest_signal(const series::Run& run, std::string_view name) {
  std::vector<std::string_view> known;
  for (const series::Signal& signal : run.signals) known.push_back(signal.name);
  if (const auto near = nearest_word(name, known)) return near;
  const std::string lower = to_lower(name);
  for (const std::string_view each : known) {
    if (to_lower(each).find(lower) != std::string::npos) return each;
  }
  return std::nullopt;
}

[[noreturn]] void no_signal(const series::Run& run, std::string_view name) {
  const auto near = nearest_signal(run, name);
  throw DataError(fmt::format(
      "no signal is called \"{}\"{} (signals: {})", terminal_safe(name),
      near ? fmt::format("; did you mean \"{}\"?", terminal_safe(*near)) : std::string(),
      names_of(run)));
}

const series::Signal& main_signal(const series::Run& run, const series::RoleChoices& roles) {
  using series::Role;
  for (const Role role :
       {Role::test_accuracy, Role::test_loss, Role::train_loss, Role::train_accuracy}) {
    if (const series::Signal* signal = series::find_role(run, role, roles)) return *signal;
  }
  if (run.signals.size() == 1) return run.signals.front();
  throw DataError(fmt::format(
      "the target names no signal and the run has no loss or accuracy; name one (signals: {})",
      names_of(run)));
}

/// Counts the axis by its name: "tokens", "tokens_seen", "train/num_tokens".
const series::Signal* counter_of(const series::Run& run, series::Axis axis) {
  const std::string word(series::word(axis));
  if (const series::Signal* exact = run.find(word)) return exact;
  for (const series::Signal& signal : run.signals) {
    const std::string name = to_lower(signal.name);
    if (name.find(word) != std::string::npos && name.find("per") == std::string::npos)
      return &signal;
  }
  return nullptr;
}

series::Signal along_clock(const series::Signal& signal) {
  series::Signal moved{signal.name, series::Axis::seconds, {}, {}, {}, {0}};
  for (std::size_t i = 0; i < signal.size(); ++i)
    moved.append(signal.seconds[i] - signal.seconds.front(), signal.values[i]);
  return moved;
}

/// Positions counted by another signal, linear between its records.
series::Signal along_counter(const series::Signal& signal, const series::Signal& counter,
                             series::Axis axis) {
  series::Signal moved{signal.name, axis, {}, {}, {}, {0}};
  const forecast::History count = forecast::history(counter, HUGE_VAL, forecast::NonFinite::drop);
  const forecast::History values = forecast::history(signal, HUGE_VAL, forecast::NonFinite::keep);
  for (std::size_t i = 0; i < values.positions.size(); ++i) {
    const auto next = std::ranges::lower_bound(count.positions, values.positions[i]);
    if (next == count.positions.end()) break;
    const auto j = static_cast<std::size_t>(next - count.positions.begin());
    double place = count.values[j];
    if (*next != values.positions[i]) {
      if (j == 0) continue;
      const double share =
          (values.positions[i] - count.positions[j - 1]) / (*next - count.positions[j - 1]);
      place = count.values[j - 1] + share * (count.values[j] - count.values[j - 1]);
    }
    moved.append(place, values.values[i]);
  }
  return moved;
}

/// Whether an accuracy of the signal is written in percent.
bool is_in_percent(const forecast::CurveInput& input) {
  double most = 0.0;
  for (const double value : input.history.values) {
    if (std::isfinite(value)) most = std::max(most, value);
  }
  return most > 1.0 && most <= 100.0;
}

/// The level in the signal's own unit: shares and percents are told by what the signal holds.
void match_unit(SignalTarget& target, const forecast::CurveInput& input,
                std::vector<std::string>& notes) {
  if (target.kind != TargetKind::level) return;
  const auto role = series::role_of(input.name);
  const bool accuracy =
      role == series::Role::test_accuracy || role == series::Role::train_accuracy || target.percent;
  if (!accuracy) return;
  const double asked = target.value;
  if (is_in_percent(input)) {
    if (target.percent || (asked > 0.0 && asked <= 1.0)) target.value = 100.0 * asked;
  } else if (!target.percent && asked > 1.0 && asked <= 100.0) {
    target.value = asked / 100.0;
  }
  if (target.value != asked) {
    notes.push_back(fmt::format("{} is in {}: the level is {}", terminal_safe(input.name),
                                target.value > 1.0 ? "percent" : "fractions",
                                shortest(target.value)));
  }
}

double deadline_of(const series::Run& run, const SignalTarget& target, series::Axis axis, double at,
                   const TargetOptions& options) {
  if (target.within) return at + *target.within;
  if (target.before) return *target.before;
  if (options.deadline) {
    if (*options.deadline > 0.0 && std::isfinite(*options.deadline)) return *options.deadline;
    throw ConfigError(fmt::format("the deadline must be > 0, got {}; give it with --deadline",
                                  *options.deadline));
  }
  if (axis == series::Axis::step) {
    const auto steps = optional_number(run.info.configuration, "steps");
    if (steps && *steps > 0.0) return *steps;
  }
  throw ConfigError(
      "the target has no deadline: add \"before P\" or \"within K\" to it, or give --deadline P");
}

series::Forecast record_of(const series::Run& run, const TargetForecast& told,
                           const SignalTarget& target, double at, double deadline) {
  series::Forecast made;
  made.run = run.info.id;
  made.target = forecast::describe(target, told.signal, told.axis, at, deadline);
  made.at = at;
  made.deadline = deadline;
  made.probability = told.answer.probability;
  made.onset = told.answer.onset;
  made.predictor = "curves";
  made.status = told.answer.status;
  if (made.status == series::ForecastStatus::abstained) made.reason = told.answer.reason;
  return made;
}

forecast::CurveOptions curve_options(const TargetOptions& options) {
  forecast::CurveOptions curve;
  curve.level = options.level;
  return curve;
}

/// The part of a signal that is known, along the axis asked for.
series::Signal known_part(const series::Run& run, const series::Signal& signal, series::Axis axis,
                          const std::optional<double>& at) {
  if (axis == signal.axis) return at ? signal.prefix(*at) : signal;
  return along_axis(run, at ? signal.prefix(*at) : signal, axis);
}

double last_position_of(const series::Signal& signal) {
  if (signal.size() == 0)
    throw DataError(fmt::format("{} has no records", terminal_safe(signal.name)));
  return signal.last_positions().back();
}

void add_outlook_json(Json& json, const forecast::CurveOutlook& outlook) {
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  json["value"] = or_null(outlook.value);
  json["record"] = or_null(outlook.record);
  json["now"] = or_null(outlook.now);
  Json path = Json::array();
  for (const forecast::OutlookPoint& point : outlook.path)
    path.push_back({{"position", point.position}, {"value", point.value}});
  json["path"] = std::move(path);
  Json weights = Json::object();
  for (const auto& [member, weight] : outlook.weights)
    weights[std::string(forecast::word(member))] = weight;
  json["weights"] = std::move(weights);
}

Json competitors_json(const forecast::TargetAnswer& answer) {
  Json list = Json::array();
  for (const forecast::CurveCompetitor& each : answer.competitors)
    list.push_back({{"name", each.name}, {"probability", each.probability}});
  return list;
}

std::string interval_text(const series::Interval& interval) {
  return fmt::format("{:.4g} [{:.4g}, {:.4g}]", interval.estimate, interval.low, interval.high);
}

/// Positions are told to four digits: nobody knows more of them.
std::string when_text(const series::Interval& onset, double deadline) {
  const auto place = [](double position) {
    return std::abs(position) < 1e7 ? fmt::format("{:.0f}", position)
                                    : fmt::format("{:.4g}", position);
  };
  const std::string high =
      std::isfinite(onset.high) ? place(onset.high) : fmt::format("after {:.10g}", deadline);
  return fmt::format("when: about {} [{}, {}]", place(onset.estimate), place(onset.low), high);
}

}  // namespace

const series::Signal& target_signal(const series::Run& run, std::string_view name,
                                    const series::RoleChoices& roles) {
  if (name.empty()) return main_signal(run, roles);
  if (const series::Signal* exact = run.find(name)) return *exact;
  const auto words = series::role_words();
  const auto found = std::ranges::find(words, name);
  const auto role = found != words.end()
                        ? std::optional(static_cast<series::Role>(found - words.begin()))
                        : series::role_of(name);
  if (role) {
    if (const series::Signal* signal = series::find_role(run, *role, roles)) return *signal;
  }
  // "loss" of a run that has but a validation loss.
  const bool loss = to_lower(name) == "loss";
  const bool accuracy = to_lower(name) == "accuracy" || to_lower(name) == "acc";
  if (loss || accuracy) {
    const auto other = loss ? series::Role::test_loss : series::Role::train_accuracy;
    if (const series::Signal* signal = series::find_role(run, other, roles)) return *signal;
  }
  no_signal(run, name);
}

series::Signal along_axis(const series::Run& run, const series::Signal& signal, series::Axis axis) {
  if (axis == signal.axis) return signal;
  if (axis == series::Axis::seconds && signal.seconds.size() == signal.size() && signal.size() > 0)
    return along_clock(signal);
  const series::Signal* counter = counter_of(run, axis);
  if (counter == nullptr || counter == &signal || counter->axis != signal.axis) {
    throw DataError(fmt::format(
        "{} lies along {} and the run does not count {}: log a signal \"{}\", or read the file with "
        "--axis {}",
        terminal_safe(signal.name), series::word(signal.axis), series::word(axis),
        series::word(axis), series::word(axis)));
  }
  series::Signal moved = along_counter(signal, *counter, axis);
  if (moved.size() == 0) {
    throw DataError(fmt::format("{} and {} have no records in common", terminal_safe(signal.name),
                                terminal_safe(counter->name)));
  }
  return moved;
}

TargetForecast forecast_target(const series::Run& run, const SignalTarget& asked,
                               const TargetOptions& options) {
  SignalTarget target = asked;
  const series::Signal& signal = target_signal(run, target.signal, options.roles);
  TargetForecast told;
  told.signal = signal.name;
  told.axis = target.axis.value_or(signal.axis);
  const series::Signal known = known_part(run, signal, told.axis, options.at);
  const bool own_axis = told.axis == signal.axis;
  // Where nothing was logged up to `at` there is a moment all the same.
  const double at = own_axis && options.at ? *options.at
                    : known.size() > 0     ? last_position_of(known)
                                           : options.at.value_or(last_position_of(known));
  const double deadline = deadline_of(run, target, told.axis, at, options);
  const series::Signal* rate =
      own_axis ? series::find_role(run, series::Role::learning_rate, options.roles) : nullptr;
  const forecast::CurveInput input = forecast::curve_input(known, at, rate);
  match_unit(target, input, told.notes);
  const auto& table = forecast::builtin_curve_table();
  told.answer = forecast::answer_target(target, input, deadline, table, curve_options(options));
  if (target.kind == TargetKind::level && told.answer.status == series::ForecastStatus::ok)
    told.outlook = forecast::curve_outlook(input, deadline, table, curve_options(options));
  told.forecast = record_of(run, told, target, at, deadline);
  return told;
}

Json target_json(const TargetForecast& told) {
  Json json{{"forecast", told.forecast},
            {"signal", told.signal},
            {"axis", series::word(told.axis)},
            {"deadline", number_or_null(told.forecast.deadline)},
            {"reached_at", number_or_null(told.answer.reached_at)},
            {"basis", told.answer.predictor.empty() ? Json(nullptr) : Json(told.answer.predictor)},
            {"competitors", competitors_json(told.answer)},
            {"notes", told.notes}};
  if (told.outlook) add_outlook_json(json, *told.outlook);
  return json;
}

std::vector<std::string> target_lines(const TargetForecast& told) {
  const double deadline = told.forecast.deadline.value_or(0.0);
  if (told.answer.status == series::ForecastStatus::already_past) {
    return {fmt::format("{}: already so at {:.10g}", told.forecast.target,
                        told.answer.reached_at.value_or(told.forecast.at))};
  }
  std::vector<std::string> lines{forecast_sentence(told.forecast)};
  if (told.answer.onset) lines.push_back(when_text(*told.answer.onset, deadline));
  if (told.outlook && told.outlook->value) {
    lines.push_back(fmt::format("{}: {:.4g} now, {} at {:.10g}", told.signal,
                                told.outlook->persistence, interval_text(*told.outlook->value),
                                deadline));
  }
  std::string beside;
  for (const forecast::CurveCompetitor& each : told.answer.competitors)
    beside += fmt::format("{}{} {:.2f}", beside.empty() ? "" : ", ", each.name, each.probability);
  if (!beside.empty()) lines.push_back("beside it: " + beside);
  return lines;
}

namespace {

/// Signals with a role first, what is set by hand never.
std::vector<const series::Signal*> main_signals(const series::Run& run,
                                                const series::RoleChoices& roles) {
  using series::Role;
  std::vector<const series::Signal*> chosen;
  const auto add = [&](const series::Signal* signal) {
    if (signal != nullptr && signal->size() > 0 &&
        std::ranges::find(chosen, signal) == chosen.end())
      chosen.push_back(signal);
  };
  for (const Role role :
       {Role::test_accuracy, Role::test_loss, Role::train_accuracy, Role::train_loss,
        Role::gradient_norm, Role::update_norm, Role::weight_norm})
    add(series::find_role(run, role, roles));
  const series::Signal* rate = series::find_role(run, Role::learning_rate, roles);
  for (const series::Signal& signal : run.signals) {
    if (&signal != rate) add(&signal);
  }
  return chosen;
}

}  // namespace

RunOutlook outlook_run(const series::Run& run, const TargetOptions& options) {
  auto signals = main_signals(run, options.roles);
  if (signals.empty()) throw DataError("the run has no signal with records");
  RunOutlook told;
  told.passed_over = signals.size() - std::min(signals.size(), kNamedSignals);
  signals.resize(signals.size() - told.passed_over);
  double last = 0.0;
  for (const series::Signal* signal : signals) last = std::max(last, last_position_of(*signal));
  const double at = options.at.value_or(last);
  const auto steps = optional_number(run.info.configuration, "steps");
  if (options.deadline) {
    told.deadline = deadline_of(run, {}, series::Axis::step, at, options);
  } else if (steps && *steps > at) {
    told.deadline = *steps;
  } else {
    told.deadline = kAssumedTimes * at;
    told.assumed = true;
  }
  const series::Signal* rate = series::find_role(run, series::Role::learning_rate, options.roles);
  for (const series::Signal* signal : signals) {
    SignalOutlook one{signal->name, signal->axis, at, {}};
    // The run is where its farthest signal is; what an own axis has is looked at along that.
    one.outlook = forecast::curve_outlook(forecast::curve_input(*signal, at, rate), told.deadline,
                                          forecast::builtin_curve_table(), curve_options(options));
    told.signals.push_back(std::move(one));
  }
  return told;
}

Json outlook_json(const RunOutlook& told) {
  Json signals = Json::array();
  for (const SignalOutlook& one : told.signals) {
    Json json{{"signal", one.signal},
              {"axis", series::word(one.axis)},
              {"at", one.at},
              {"status", series::word(one.outlook.status)},
              {"reason", one.outlook.reason.empty() ? Json(nullptr) : Json(one.outlook.reason)}};
    add_outlook_json(json, one.outlook);
    for (const auto& [kind, answer] : one.outlook.events) {
      json[std::string(forecast::word(kind))] =
          Json{{"status", series::word(answer.status)},
               {"reason", answer.reason.empty() ? Json(nullptr) : Json(answer.reason)},
               {"probability", answer.probability ? Json(*answer.probability) : Json(nullptr)},
               {"basis", answer.predictor.empty() ? Json(nullptr) : Json(answer.predictor)},
               {"competitors", competitors_json(answer)}};
    }
    signals.push_back(std::move(json));
  }
  return Json{{"deadline", told.deadline},
              {"deadline_assumed", told.assumed},
              {"passed_over", told.passed_over},
              {"signals", std::move(signals)}};
}

}  // namespace emdyn::pipeline
