#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/forecast/features/features.hpp"
#include "emdyn/forecast/features/target.hpp"
#include "emdyn/forecast/predictors/alarm.hpp"
#include "emdyn/forecast/tabular/calibration.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"
#include "emdyn/forecast/tabular/stacked.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::forecast {

/// A fitted model with all that a forecast needs: scales, coefficients, their bootstrap replicates,
/// the range of what it has seen and the frozen alarm rule. A plain value.
struct Predictor {
  std::string name{};
  FeatureSet set = FeatureSet::grokking;
  std::vector<std::string> features{};
  Target target{};   ///< Its deadline is given with each forecast.
  Logistic model{};  ///< Calibrated; log-odds are linear in the features.
  /// Coefficients refitted on resampled groups: intercept first, on the scale of `model`.
  std::vector<std::vector<double>> replicates{};
  std::vector<double> low{};   ///< Smallest value of each feature in the bank.
  std::vector<double> high{};  ///< Largest value of each feature in the bank.
  AlarmRule alarm{};
  /// A stack on features free of units: where there is one, it makes the forecasts, `features` are
  /// relative_names(), and `set`, `model`, `replicates`, `low` and `high` are not used.
  std::optional<StackedModel> stacked{};
  Calibration calibration{};         ///< Of a stack, on forecasts out of family: its interval.
  Json provenance = Json::object();  ///< Bank, counts, penalty, calibration, held-out figures.
};

Json predictor_json(const Predictor& predictor);
/// @throws DataError when a member is missing, sizes disagree or a feature is unknown.
Predictor predictor_from_json(const Json& json);

struct ForecastOptions {
  double deadline = 0.0;       ///< > 0, in units of the run's axis.
  std::optional<double> at{};  ///< Default: the last record of the test accuracy.
  series::RoleChoices roles{};
  double level = 0.9;  ///< Of the probability's interval, in (0, 1).
};

/// The forecast at one position of a run, from records at or before it only. The interval comes
/// from the replicates: it says how well the probability is known, not how likely the target is.
/// Status `already_past` when the target has been confirmed; `abstained`, with the reason and the
/// remedy, when a role or setting is missing, records are too few, the deadline has passed, or a
/// feature lies far outside what the predictor was fitted on.
/// @throws ConfigError when the deadline is not > 0.
series::Forecast forecast(const Predictor& predictor, const series::Run& run,
                          const ForecastOptions& options);

/// The forecasts at forecast_positions(deadline) up to the last record, ending with the first that
/// is already past.
std::vector<series::Forecast> forecast_path(const Predictor& predictor, const series::Run& run,
                                            const ForecastOptions& options);

/// Position at which a path's forecasts crossed the predictor's frozen threshold; abstentions are
/// passed over.
std::optional<double> crossed_at(const Predictor& predictor,
                                 std::span<const series::Forecast> path);

/// The feature of `values` that lies farthest outside the bank's range and by more than half of it
/// (the index), if any.
std::optional<std::size_t> out_of_range(const Predictor& predictor,
                                        std::span<const double> values) noexcept;

}  // namespace emdyn::forecast
