#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/forecast/predictors/baseline_forecast.hpp"
#include "emdyn/forecast/predictors/builtin.hpp"
#include "emdyn/forecast/predictors/predictor.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

/// The forecasts of one run along its way, each from the records up to its own position.
struct RunForecast {
  std::string predictor{};
  double deadline = 0.0;
  std::optional<double> threshold{};  ///< Frozen on other runs; absent when the alarm never fires.
  std::optional<double> crossed_at{};
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

/// {forecast, path, threshold, crossed_at, predictor, deadline}
Json forecast_json(const RunForecast& forecast);

/// "P(test_accuracy >= 0.9, sustained, before step 10000) = 0.62 [0.41, 0.80] at 610".
std::string forecast_sentence(const series::Forecast& forecast);

}  // namespace emdyn::pipeline
