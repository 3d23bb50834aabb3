#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/forecast/curves/curve_forecast.hpp"
#include "emdyn/forecast/curves/signal_target.hpp"
#include "emdyn/series/roles.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

struct TargetOptions {
  std::optional<double> deadline{};  ///< Where the target names none; default: the setting "steps".
  std::optional<double> at{};        ///< Along the run's own axis; default: the last record.
  series::RoleChoices roles{};
  double level = 0.9;  ///< Of intervals, in (0, 1).
};

/// A declared target of a run, foretold.
struct TargetForecast {
  series::Forecast forecast{};      ///< The record.
  forecast::TargetAnswer answer{};  ///< What it was made from.
  std::string signal{};             ///< Whose future it is, as the run calls it.
  series::Axis axis = series::Axis::step;
  std::optional<forecast::CurveOutlook> outlook{};  ///< Of a level: where the signal will be.
  std::vector<std::string> notes{};  ///< What was understood otherwise than it was written.
};

/// The signal that a target names: by its name, its role or an alias of that; with no name the first
/// of test accuracy, test loss, train loss, train accuracy, or the only one there is.
/// @throws DataError offering the nearest names.
const series::Signal& target_signal(const series::Run& run, std::string_view name,
                                    const series::RoleChoices& roles);

/// The signal along another axis: its own, the clock (`seconds` since its first record), or that of
/// another signal of the run that counts it ("tokens", "train/tokens_seen").
/// @throws DataError naming what to log where the run cannot tell.
series::Signal along_axis(const series::Run& run, const series::Signal& signal, series::Axis axis);

/// The forecast of a target from the records up to `at` only. Abstentions are records with a reason.
/// @throws DataError for a signal or axis that is not there; ConfigError where there is no deadline,
/// or two.
TargetForecast forecast_target(const series::Run& run, const forecast::SignalTarget& target,
                               const TargetOptions& options);

/// {forecast, signal, axis, deadline, reached_at, basis, competitors: [{name, probability}], value,
/// record, now, path: [{position, value}], weights, notes}
Json target_json(const TargetForecast& told);

/// Lines for people: the probability, when, where the signal will be, what stands beside.
std::vector<std::string> target_lines(const TargetForecast& told);

/// A main signal of a run and its outlook.
struct SignalOutlook {
  std::string signal{};
  series::Axis axis = series::Axis::step;
  double at = 0.0;
  forecast::CurveOutlook outlook{};
};

/// Where the main signals of a run go.
struct RunOutlook {
  double deadline = 0.0;
  bool assumed = false;  ///< Nobody said the deadline: twice as far as the run has come.
  std::vector<SignalOutlook> signals{};
  std::size_t passed_over = 0;  ///< Further signals that were not looked at.
};

/// Outlooks of at most eight signals: those with a role first (learning rates are no curves), then
/// the others in their order. @throws DataError where the run has no signal with records.
RunOutlook outlook_run(const series::Run& run, const TargetOptions& options);

/// {deadline, deadline_assumed, passed_over, signals: [{signal, axis, at, status, reason, value,
/// record, now, path, weights, jump, spike, stall, divergence}]}
Json outlook_json(const RunOutlook& told);

}  // namespace emdyn::pipeline
