#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/forecast/predictors/baseline_forecast.hpp"
#include "emdyn/forecast/predictors/builtin.hpp"
#include "emdyn/forecast/predictors/path_story.hpp"
#include "emdyn/forecast/predictors/predictor.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

/// The forecasts of one run along its way, each from the records up to its own position.
struct RunForecast {
  std::string predictor{};
  std::vector<std::string> in_percent{};  ///< Accuracies written in percent: read as fractions.
  double deadline = 0.0;
  std::optional<double> threshold{};  ///< Frozen on other runs; absent when the alarm never fires.
  std::optional<double> crossed_at{};
  /// What the run did: reached the target, and lost it again.
  forecast::ReachedStory reached{};
  series::Forecast forecast{};           ///< At the position asked for, with its attribution.
  std::vector<series::Forecast> path{};  ///< Up to that position.
  std::vector<forecast::BaselineForecast>
      baselines{};  ///< prior and persistence at the path's positions.
};

/// The deadline to forecast towards: the one given, else the run's setting "steps".
/// @throws ConfigError when there is neither.
double forecast_deadline(const series::Run& run, std::optional<double> given);

/// @param at absent: the last position before the deadline at which the forecasts of the path
/// stand.
RunForecast forecast_run(const series::Run& run, const forecast::ForecastOptions& options);

/// {forecast, path, threshold, crossed_at, passed_at, reached_at, lost_at, in_percent, predictor, deadline}
Json forecast_json(const RunForecast& forecast);

/// "P(test_accuracy >= 0.9, sustained, before step 10000) = 0.62 [0.41, 0.80] at 610".
std::string forecast_sentence(const series::Forecast& forecast);
/// The same, of a target already past with when it was reached and, where it was, lost.
std::string forecast_sentence(const RunForecast& forecast);

/// "the forecast touched 59 % once at 282, fell back to 32 % (alarm threshold 50 %)"; empty where
/// none was made.
std::string path_sentence(const RunForecast& forecast);

}  // namespace emdyn::pipeline
