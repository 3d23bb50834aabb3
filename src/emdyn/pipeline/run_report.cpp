#include "emdyn/pipeline/run_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "emdyn/core/build_info.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/explain/attribute.hpp"
#include "emdyn/pipeline/report_summary.hpp"
#include "emdyn/pipeline/run_alarms.hpp"
#include "emdyn/report/chart/family.hpp"
#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/run/report.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::pipeline {

namespace {

// A page shows what stands, and beside it the classic indicators of the signals that matter most.
constexpr std::size_t kSignalsShown = 4;
constexpr std::size_t kIndicatorsShown = 4;

void add_early_warning(const Analysis& analysis, report::ReportData& data) {
  for (const SignalWarning& each : analysis.early_warning) {
    const bool first = &each < analysis.early_warning.data() + kSignalsShown;
    for (std::size_t k = 0; k < each.warning.indicators.size(); ++k) {
      const auto& indicator = each.warning.indicators[k];
      const bool stands = indicator.q_value.value_or(1.0) <= analysis.false_discoveries;
      if (!stands && !(first && k < kIndicatorsShown)) continue;
      report::IndicatorTrack shown;
      shown.signal = each.signal;
      shown.indicator = indicator.name;
      shown.positions = each.warning.positions;
      shown.values = indicator.values;
      shown.band_low = indicator.low;
      shown.band_high = indicator.high;
      shown.tau = indicator.tau;
      shown.p_value = indicator.p_value;
      shown.q_value = indicator.q_value;
      data.early_warning.push_back(std::move(shown));
    }
    if (!each.warning.note.empty() && data.early_warning_absence.empty()) {
      data.early_warning_absence = each.warning.note;
    }
  }
}

void add_forecast(const RunFindings& findings, report::ReportData& data) {
  if (!findings.forecast) {
    data.forecast.absence = findings.forecast_absence;
    return;
  }
  data.forecast.forecasts = findings.forecast->path;
  data.forecast.threshold = findings.forecast->threshold;
  data.forecast.crossed_at = findings.forecast->crossed_at;
  data.forecast.baselines = findings.forecast->baselines;
  const bool any = std::ranges::any_of(findings.forecast->path, [](const auto& each) {
    return each.status == series::ForecastStatus::ok;
  });
  if (!any)
    data.forecast.absence = findings.forecast->forecast.reason.value_or("the predictor abstains");
}

void add_order(const RunFindings& findings, report::ReportData& data) {
  for (const explain::SignalChange& change : findings.order) {
    if (!change.onset) continue;
    report::ChangeOrder shown;
    shown.signal = change.signal;
    shown.onset = *change.onset;
    shown.direction = change.direction;
    if (change.lead) shown.relative = -*change.lead;
    shown.detail = change.order;
    data.change_order.push_back(std::move(shown));
  }
}

/// Notes are anybody's: what is no number there is no cost, and no fault either.
std::optional<double> noted_number(const Json& notes, const char* name) {
  if (!notes.is_object()) return std::nullopt;
  const auto found = notes.find(name);
  if (found == notes.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

void add_costs(const Json& notes, report::ReportData& data) {
  data.costs.wall_seconds = noted_number(notes, "seconds");
  data.costs.steps_per_second = noted_number(notes, "steps_per_second");
  data.costs.overhead_percent = noted_number(notes, "probe_overhead_percent");
  if (!notes.is_object()) return;
  const auto probes = notes.find("probes");
  if (probes == notes.end() || !probes->is_array()) return;
  for (const Json& probe : *probes) {
    if (!probe.is_object() || !probe.contains("name") || !probe["name"].is_string()) continue;
    report::ShownProbeCost cost;
    cost.probe = probe["name"].get<std::string>();
    cost.calls = static_cast<std::uint64_t>(
        std::clamp(noted_number(probe, "calls").value_or(0.0), 0.0, 1e18));
    cost.seconds = noted_number(probe, "seconds").value_or(0.0);
    if (data.costs.wall_seconds.value_or(0.0) > 0.0) {
      cost.share_percent = 100.0 * cost.seconds / *data.costs.wall_seconds;
    }
    data.costs.probes.push_back(std::move(cost));
  }
}

void look_for_alarms(const series::Run& run, const RunReportOptions& options, const Task& task,
                     RunFindings& findings) {
  findings.events = run.events;
  if (!findings.events.empty() || !options.alarms) return;
  std::uint64_t points = 0;
  for (const series::Signal& signal : run.signals) points += signal.size();
  if (points > options.most_alarm_points) {
    findings.alarm_absence =
        fmt::format("{} points take long (report --detector {})", points, options.alarms->detector);
    return;
  }
  findings.events = find_alarms(run, *options.alarms, task);
}

/// Signals whose role the user gave are filed by it, whatever their names.
void add_families(const RunFindings& findings, report::ReportData& data) {
  for (const auto& [role, name] : findings.roles) {
    for (report::ReportSignal& signal : data.signals) {
      if (signal.points.name == name) signal.family = report::family_of_role(role);
    }
  }
}

}  // namespace

RunFindings find_out(const series::Run& run, const RunReportOptions& options, const Task& task) {
  RunFindings findings;
  findings.roles = options.roles;
  look_for_alarms(run, options, task, findings);
  AnalyzeOptions analyze_options;
  analyze_options.roles = options.roles;
  analyze_options.parts.interactions = options.interactions;
  findings.analysis = analyze(run, analyze_options, task);
  if (const auto* main = main_transition(findings.analysis)) {
    findings.order = explain::order_of_change(run, main->transition, task);
  }
  forecast::ForecastOptions forecast_options;
  forecast_options.roles = options.roles;
  try {
    forecast_options.deadline = forecast_deadline(run, options.deadline);
  } catch (const ConfigError&) {
    findings.forecast_absence = "no deadline was given (report --deadline POSITION)";
    return findings;
  }
  try {
    findings.forecast = forecast_run(run, forecast_options);
  } catch (const UnavailableError& error) {
    findings.forecast_absence = error.what();
    return findings;
  }
  findings.drivers_at = findings.forecast->crossed_at;
  if (!findings.drivers_at) {  // The last forecast made before the target was reached.
    for (const series::Forecast& each : findings.forecast->path) {
      if (each.status == series::ForecastStatus::ok) findings.drivers_at = each.at;
    }
  }
  if (findings.drivers_at) {
    forecast_options.at = findings.drivers_at;
    const auto& predictor = forecast::builtin_predictor(findings.forecast->predictor);
    const auto explained = explain::explained_forecast(predictor, run, forecast_options);
    if (explained.attribution) findings.drivers = *explained.attribution;
  }
  return findings;
}

report::ReportData report_data(series::Run run, const RunFindings& findings) {
  const series::RunInfo info = run.info;
  std::vector<detect::Incident> incidents = run_incidents(run, findings.events);
  report::ReportData data = report::report_data(std::move(run));
  data.events = findings.events;
  data.incidents = std::move(incidents);
  data.alarm_absence = findings.alarm_absence;
  data.program_version = fmt::format("{} ({})", kVersion, kCommit);
  add_families(findings, data);
  data.transitions.clear();
  // Every fit draws a curve; of a run with hundreds of signals those that changed are shown.
  constexpr std::size_t kMostFits = 24;
  for (const auto& fit : findings.analysis.fits) {
    const bool order = series::role_of(fit.transition.order_parameter).has_value();
    if (data.transitions.size() < kMostFits || (order && declared(fit)))
      data.transitions.push_back(emergence::fitted_transition(fit));
  }
  if (const auto* main = main_transition(findings.analysis)) {
    data.order_parameter = main->transition.order_parameter;
  }
  data.analysis = analysis_summary(findings.analysis);
  add_early_warning(findings.analysis, data);
  add_forecast(findings, data);
  add_order(findings, data);
  add_costs(info.notes, data);
  if (data.info.notes.is_object()) {
    for (const char* shown_above :
         {"probes", "data", "seconds", "seconds_in_probes", "seconds_in_sink", "steps",
          "steps_per_second", "probe_overhead_percent", "interrupted"}) {
      data.info.notes.erase(shown_above);
    }
  }
  data.drivers.clear();
  if (!findings.drivers.contributions.empty()) {
    const bool crossed = findings.forecast && findings.forecast->crossed_at;
    data.drivers.push_back(
        {crossed ? "when the forecast crossed its threshold" : "of the last forecast",
         findings.drivers_at, findings.drivers});
  }
  return data;
}

WrittenReport write_page(const std::string& page, const std::string& headline,
                         const std::filesystem::path& path) {
  const std::filesystem::path part = path.string() + ".part";
  {
    std::ofstream file(part, std::ios::binary);
    file.write(page.data(), static_cast<std::streamsize>(page.size()));
    file.flush();
    if (!file) {
      const std::string reason = std::strerror(errno);
      file.close();
      std::error_code ignored;
      std::filesystem::remove(part, ignored);
      throw StoreError(
          fmt::format("{}: cannot be written: {}", terminal_safe(path.string()), reason));
    }
  }
  std::error_code error;
  std::filesystem::rename(part, path, error);
  if (error) {
    throw StoreError(
        fmt::format("{}: cannot be written: {}", terminal_safe(path.string()), error.message()));
  }
  return {path.string(), page.size(), headline};
}

WrittenReport write_report(const report::ReportData& data, const std::filesystem::path& path) {
  return write_page(report::render_report(data), report::headline(report::Scene(data)), path);
}

WrittenReport write_run_report(series::Run run, const RunReportOptions& options,
                               const std::filesystem::path& path, const Task& task) {
  const RunFindings findings = find_out(run, options, task);
  task.check();
  return write_report(report_data(std::move(run), findings), path);
}

}  // namespace emdyn::pipeline
