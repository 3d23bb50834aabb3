#include "emdyn/app/serve/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/app/serve/number_list.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/emergence/incidents/common_incidents.hpp"
#include "emdyn/explain/attribute.hpp"
#include "emdyn/explain/order_of_change.hpp"
#include "emdyn/forecast/predictors/builtin.hpp"
#include "emdyn/pipeline/analyze.hpp"
#include "emdyn/pipeline/forecast_run.hpp"
#include "emdyn/pipeline/run_report.hpp"
#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/run/words.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::app::serve {
namespace {

/// A run in memory takes 16 bytes a point: beyond this many the page shows what the run holds.
constexpr std::uint64_t kMostPoints = 20'000'000;
/// Order of change fits every signal again, a tenth of a second each.
constexpr std::size_t kMostOrdered = 32;
constexpr std::uint64_t kMostIncidentPoints = 300'000;

Json curve_json(const report::FittedTransition& fitted) {
  Json position = Json::array(), value = Json::array(), low = Json::array(), high = Json::array();
  for (const auto& point : fitted.curve) {
    position.push_back(number_or_null(point.position));
    value.push_back(number_or_null(point.value.estimate));
    low.push_back(number_or_null(point.value.low));
    high.push_back(number_or_null(point.value.high));
  }
  return Json{{"position", std::move(position)},
              {"value", std::move(value)},
              {"low", std::move(low)},
              {"high", std::move(high)}};
}

Json transitions_json(const report::ReportData& data) {
  Json list = Json::array();
  for (const auto& fitted : data.transitions) {
    Json row = fitted.record;
    row["curve"] = curve_json(fitted);
    list.push_back(std::move(row));
  }
  return list;
}

Json forecast_json(const report::ForecastTrack& track) {
  Json baselines = Json::array();
  for (const auto& baseline : track.baselines) {
    baselines.push_back({{"name", baseline.name},
                         {"positions", number_list(baseline.positions)},
                         {"probabilities", number_list(baseline.probabilities)}});
  }
  return Json{{"forecasts", track.forecasts},
              {"baselines", std::move(baselines)},
              {"threshold", number_or_null(track.threshold)},
              {"crossed_at", number_or_null(track.crossed_at)},
              {"absence", track.absence}};
}

Json warning_json(const report::ReportData& data) {
  Json list = Json::array();
  for (const auto& track : data.early_warning) {
    list.push_back({{"signal", track.signal},
                    {"indicator", track.indicator},
                    {"positions", number_list(track.positions)},
                    {"values", number_list(track.values)},
                    {"band_low", number_list(track.band_low)},
                    {"band_high", number_list(track.band_high)},
                    {"tau", number_or_null(track.tau)},
                    {"p_value", number_or_null(track.p_value)},
                    {"q_value", number_or_null(track.q_value)}});
  }
  return list;
}

Json order_json(const report::ReportData& data) {
  Json list = Json::array();
  for (const auto& each : data.change_order) {
    list.push_back({{"signal", each.signal},
                    {"onset", each.onset},
                    {"direction", series::word(each.direction)},
                    {"relative", number_or_null(each.relative)},
                    {"order", each.detail}});
  }
  return list;
}

Json drivers_json(const report::ReportData& data) {
  Json list = Json::array();
  for (const auto& each : data.drivers) {
    list.push_back({{"title", each.title},
                    {"at", number_or_null(each.at)},
                    {"attribution", each.attribution}});
  }
  return list;
}

Json summary_json(const report::AnalysisSummary& summary) {
  Json ranked = Json::array();
  for (const auto& each : summary.signals) {
    ranked.push_back({{"signal", each.signal},
                      {"changed", each.changed},
                      {"change", each.change},
                      {"onset", each.onset ? Json(*each.onset) : Json(nullptr)},
                      {"bic_gain", number_or_null(each.bic_gain)},
                      {"p_value", number_or_null(each.p_value)},
                      {"q_value", number_or_null(each.q_value)}});
  }
  Json mirage = Json::array();
  for (const auto& each : summary.mirage)
    mirage.push_back({{"signal", each.signal}, {"verdict", each.verdict}, {"words", each.words}});
  Json together = nullptr;
  if (summary.together) {
    together = Json{{"words", summary.together->words},
                    {"signals", summary.together->signals},
                    {"positions", number_list(summary.together->positions)},
                    {"values", number_list(summary.together->values)},
                    {"band_low", number_list(summary.together->band_low)},
                    {"band_high", number_list(summary.together->band_high)}};
  }
  return Json{{"headline", summary.headline}, {"how", summary.how},
              {"rest", summary.rest},         {"signals", std::move(ranked)},
              {"mirage", std::move(mirage)},  {"interactions", std::move(together)}};
}

Json page_json(const report::ReportData& data) {
  const report::Scene scene(data, 200);
  Json incidents = Json::array();
  for (const auto& incident : data.incidents) incidents.push_back(incident);
  return Json{
      {"headline", report::headline(scene)},
      {"words",
       {{"transition", report::transition_words(scene)},
        {"forecast", report::forecast_words(scene)},
        {"forecast_detail", report::forecast_detail(scene)},
        {"alarms", report::alarm_words(scene)},
        {"drivers", report::driver_words(scene)}}},
      {"order_parameter", scene.order != nullptr ? Json(scene.order->points.name) : Json(nullptr)},
      {"axis", series::word(data.axis)},
      {"transitions", transitions_json(data)},
      {"forecast", forecast_json(data.forecast)},
      {"early_warning", warning_json(data)},
      {"early_warning_absence", data.early_warning_absence},
      {"drivers", drivers_json(data)},
      {"change_order", order_json(data)},
      {"incidents", std::move(incidents)},
      {"analysis", data.analysis ? summary_json(*data.analysis) : Json(nullptr)}};
}

void add_forecast(const series::Run& run, pipeline::RunFindings& findings, const Task& task) {
  if (series::find_role(run, series::Role::test_accuracy) == nullptr) {
    findings.forecast_absence = "no signal of it is a test accuracy, which is what is forecast";
    return;
  }
  forecast::ForecastOptions options;
  try {
    options.deadline = pipeline::forecast_deadline(run, std::nullopt);
    findings.forecast = pipeline::forecast_run(run, options);
  } catch (const ConfigError&) {
    findings.forecast_absence = "no deadline is known, as the run has no setting \"steps\"";
    return;
  } catch (const Error& error) {  // A predictor that fits nothing, a target that is no signal.
    findings.forecast_absence = error.what();
    return;
  }
  task.check();
  findings.drivers_at = findings.forecast->crossed_at;
  if (!findings.drivers_at) {
    for (const series::Forecast& each : findings.forecast->path)
      if (each.status == series::ForecastStatus::ok) findings.drivers_at = each.at;
  }
  if (!findings.drivers_at) return;
  options.at = findings.drivers_at;
  const auto& predictor = forecast::builtin_predictor(findings.forecast->predictor);
  const auto explained = explain::explained_forecast(predictor, run, options);
  if (explained.attribution) findings.drivers = *explained.attribution;
}

}  // namespace

Json analysis_of(const std::filesystem::path& path, const std::string& id, const Task& task) {
  auto store = collect::store::Store::open(path, collect::store::Mode::read);
  const auto summary = store.summary(id);
  if (summary.points == 0) return Json{{"absence", "the run has no points yet"}};
  if (summary.points > kMostPoints) {
    return Json{
        {"absence", fmt::format("{} points are more than {}: emdyn analyze {} looks at them "
                                "on the command line",
                                summary.points, kMostPoints, id)}};
  }
  series::Run run = store.load(id);
  task.check();
  pipeline::RunFindings findings;
  findings.events = run.events;
  findings.analysis = pipeline::analyze(run, {}, task);
  const auto* main = pipeline::main_transition(findings.analysis);
  if (main != nullptr && run.signals.size() <= kMostOrdered)
    findings.order = explain::order_of_change(run, main->transition, task);
  task.check();
  add_forecast(run, findings, task);
  task.check();
  Json page = page_json(pipeline::report_data(std::move(run), findings));
  page["absence"] = "";
  return page;
}

Json common_incidents(const std::filesystem::path& path, const std::vector<std::string>& runs,
                      const std::string& signal, const Task& task) {
  auto store = collect::store::Store::open(path, collect::store::Mode::read);
  std::vector<emergence::incidents::RunSeries> series;
  Json left_out = Json::array();
  for (const std::string& run : runs) {
    task.check();
    const auto all = store.summaries(run);
    const auto found = std::ranges::find(all, signal, &collect::store::SignalSummary::name);
    if (found == all.end()) continue;
    if (found->points > kMostIncidentPoints) {
      left_out.push_back(run);
      continue;
    }
    const series::Signal points = store.load_signal(run, signal);
    // Spikes are sought in what the run became: its last branch.
    const auto positions = points.last_positions();
    const auto values = points.last_values();
    series.push_back({run, {positions.begin(), positions.end()}, {values.begin(), values.end()}});
  }
  task.check();
  Json json = emergence::incidents::find_common_incidents(series);
  json["signal"] = signal;
  json["left_out"] = std::move(left_out);
  return json;
}

std::shared_ptr<const std::string> AnswerCache::wait_for(const std::string& key) {
  std::unique_lock lock(mutex_);
  made_.wait(lock, [&] { return !being_made_.contains(key); });
  const auto found = std::ranges::find(answers_, key, &Answer::key);
  if (found == answers_.end()) {
    being_made_.insert(key);
    return nullptr;
  }
  answers_.splice(answers_.begin(), answers_, found);
  return found->text;
}

std::shared_ptr<const std::string> AnswerCache::keep(const std::string& key, std::string text) {
  auto kept = std::make_shared<const std::string>(std::move(text));
  {
    const std::lock_guard lock(mutex_);
    answers_.push_front({key, kept});
    if (answers_.size() > capacity_) answers_.pop_back();
    being_made_.erase(key);
  }
  made_.notify_all();
  return kept;
}

void AnswerCache::give_up(const std::string& key) {
  {
    const std::lock_guard lock(mutex_);
    being_made_.erase(key);
  }
  made_.notify_all();
}

}  // namespace emdyn::app::serve
