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
#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/run/report.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::pipeline {

namespace {

void add_early_warning(const Analysis& analysis, report::ReportData& data) {
  for (const SignalWarning& each : analysis.early_warning) {
    for (const auto& indicator : each.warning.indicators) {
      report::IndicatorTrack shown;
      shown.signal = each.signal;
      shown.indicator = indicator.name;
      shown.positions = each.warning.positions;
      shown.values = indicator.values;
      shown.band_low = indicator.low;
      shown.band_high = indicator.high;
      shown.tau = indicator.tau;
      shown.p_value = indicator.p_value;
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

void add_costs(const series::Run& run, report::ReportData& data) {
  const Json& notes = run.info.notes;
  data.costs.wall_seconds = optional_number(notes, "seconds");
  data.costs.steps_per_second = optional_number(notes, "steps_per_second");
  data.costs.overhead_percent = optional_number(notes, "probe_overhead_percent");
  const auto probes = notes.find("probes");
  if (probes == notes.end() || !probes->is_array()) return;
  for (const Json& probe : *probes) {
    report::ShownProbeCost cost;
    cost.probe = text_or_empty(probe, "name");
    cost.calls = static_cast<std::uint64_t>(optional_number(probe, "calls").value_or(0.0));
    cost.seconds = optional_number(probe, "seconds").value_or(0.0);
    if (data.costs.wall_seconds.value_or(0.0) > 0.0) {
      cost.share_percent = 100.0 * cost.seconds / *data.costs.wall_seconds;
    }
    data.costs.probes.push_back(std::move(cost));
  }
}

}  // namespace

RunFindings find_out(const series::Run& run, const RunReportOptions& options) {
  RunFindings findings;
  AnalyzeOptions analyze_options;
  analyze_options.roles = options.roles;
  analyze_options.interactions = false;
  findings.analysis = analyze(run, analyze_options);
  if (const auto* main = main_transition(findings.analysis)) {
    findings.order = explain::order_of_change(run, main->transition);
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

report::ReportData report_data(const series::Run& run, const RunFindings& findings) {
  report::ReportData data = report::report_data(run);
  data.program_version = fmt::format("emdyn {} ({})", kVersion, kCommit);
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
  add_early_warning(findings.analysis, data);
  add_forecast(findings, data);
  add_order(findings, data);
  add_costs(run, data);
  for (const char* shown_above :
       {"probes", "data", "seconds", "seconds_in_probes", "seconds_in_sink", "steps",
        "steps_per_second", "probe_overhead_percent", "interrupted"}) {
    data.info.notes.erase(shown_above);
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

WrittenReport write_report(const report::ReportData& data, const std::filesystem::path& path) {
  const std::string page = report::render_report(data);
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
  return {path.string(), page.size(), report::headline(report::Scene(data))};
}

WrittenReport write_run_report(const series::Run& run, const RunReportOptions& options,
                               const std::filesystem::path& path) {
  return write_report(report_data(run, find_out(run, options)), path);
}

}  // namespace emdyn::pipeline
