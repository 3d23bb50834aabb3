#include "emdyn/pipeline/forecast_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/explain/attribute.hpp"
#include "emdyn/series/percent.hpp"

namespace emdyn::pipeline {
namespace {

/// Persistence says what is there now: the last test accuracy recorded at or before the position.
forecast::BaselineForecast persistence(const series::Run& run,
                                       const std::vector<series::Forecast>& path,
                                       const series::RoleChoices& roles) {
  forecast::BaselineForecast baseline{"persistence", {}, {}};
  const series::Signal* accuracy = series::find_role(run, series::Role::test_accuracy, roles);
  if (accuracy == nullptr) return baseline;
  const auto positions = accuracy->last_positions();
  const auto values = accuracy->last_values();
  for (const series::Forecast& each : path) {
    const auto next = std::ranges::upper_bound(positions, each.at) - positions.begin();
    if (next == 0 || !std::isfinite(values[static_cast<std::size_t>(next - 1)])) continue;
    baseline.positions.push_back(each.at);
    baseline.probabilities.push_back(
        std::clamp(values[static_cast<std::size_t>(next - 1)], 0.0, 1.0));
  }
  return baseline;
}

/// The share of the bank's runs that reached the target, whatever the run does.
forecast::BaselineForecast prior(const forecast::Predictor& predictor,
                                 const std::vector<series::Forecast>& path) {
  forecast::BaselineForecast baseline{"prior", {}, {}};
  const auto runs = optional_number(predictor.provenance, "runs");
  const auto reached = optional_number(predictor.provenance, "runs_reached");
  if (!runs || !reached || *runs <= 0) return baseline;
  for (const series::Forecast& each : path) {
    baseline.positions.push_back(each.at);
    baseline.probabilities.push_back(*reached / *runs);
  }
  return baseline;
}

}  // namespace

double forecast_deadline(const series::Run& run, std::optional<double> given) {
  if (given) return *given;
  if (const auto steps = optional_number(run.info.configuration, "steps"); steps && *steps > 0)
    return *steps;
  throw ConfigError(
      "forecast needs --deadline POSITION: before which step must the target be reached?");
}

RunForecast forecast_run(const series::Run& run, const forecast::ForecastOptions& options) {
  forecast::ForecastOptions path_options = options;
  path_options.at.reset();
  series::Run known = options.at ? run.prefix(*options.at) : run;
  const auto in_percent = series::percent_to_fraction(known, options.roles);
  const forecast::Predictor& predictor = forecast::choose_predictor(known, options);
  RunForecast result;
  result.in_percent = in_percent;
  result.predictor = predictor.name;
  result.deadline = options.deadline;
  if (predictor.alarm.threshold <= 1.0) result.threshold = predictor.alarm.threshold;
  result.path = forecast::forecast_path(predictor, known, path_options);
  for (series::Forecast& each : result.path) each.run = run.info.id;
  result.crossed_at = forecast::crossed_at(predictor, result.path);
  forecast::ForecastOptions at_options = options;
  const bool past = !options.at && !result.path.empty() && [&] {
    // A finished run is beyond its deadline: what the path said last is what was known in time.
    const auto now = forecast::forecast(predictor, known, options);
    return now.status == series::ForecastStatus::abstained &&
           result.path.back().status != series::ForecastStatus::abstained;
  }();
  if (past) at_options.at = result.path.back().at;
  result.forecast = explain::explained_forecast(predictor, known, at_options);
  result.forecast.run = run.info.id;
  if (const auto* accuracy = series::find_role(known, series::Role::test_accuracy, options.roles)) {
    forecast::Target target = predictor.target;
    target.deadline = options.deadline;
    result.reached = forecast::reached_story(*accuracy, target);
  }
  result.baselines = {prior(predictor, result.path),
                      persistence(known, result.path, options.roles)};
  return result;
}

Json forecast_json(const RunForecast& told) {
  return Json{
      {"forecast", told.forecast},
      {"predictor", told.predictor},
      {"deadline", told.deadline},
      {"threshold", number_or_null(told.threshold)},
      {"crossed_at", number_or_null(told.crossed_at)},
      {"passed_at", number_or_null(forecast::path_story(told.path, told.threshold).passed_at)},
      {"reached_at", number_or_null(told.reached.reached_at)},
      {"lost_at", number_or_null(told.reached.lost_at)},
      {"in_percent", told.in_percent},
      {"path", told.path}};
}

std::string forecast_sentence(const series::Forecast& one) {
  const std::string target = fmt::format("P({})", one.target);
  switch (one.status) {
    case series::ForecastStatus::abstained:
      return fmt::format("{}: no forecast: {}", target,
                         forecast::short_reason(one.reason.value_or("the predictor abstains")));
    case series::ForecastStatus::already_past:
      return fmt::format("{}: already reached at {:.10g}", target, one.at);
    case series::ForecastStatus::ok:
      break;
  }
  const series::Interval p = one.probability.value_or(series::Interval{});
  return fmt::format("{} = {:.2f} [{:.2f}, {:.2f}], seen from {:.10g}", target, p.estimate, p.low,
                     p.high, one.at);
}

std::string forecast_sentence(const RunForecast& told) {
  if (told.forecast.status != series::ForecastStatus::already_past || !told.reached.reached_at)
    return forecast_sentence(told.forecast);
  return fmt::format("P({}): already {}", told.forecast.target, forecast::words(told.reached));
}

std::string path_sentence(const RunForecast& told) {
  if (!told.threshold) return {};
  const forecast::PathStory story = forecast::path_story(told.path, told.threshold);
  if (story.forecasts == 0) return {};
  return fmt::format("the forecast {} (alarm threshold {:.0f} %)",
                     forecast::words(story, *told.threshold), 100.0 * *told.threshold);
}

}  // namespace emdyn::pipeline
