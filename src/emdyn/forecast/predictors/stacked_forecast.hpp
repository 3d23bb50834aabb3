#pragma once
#include <vector>

#include "emdyn/forecast/predictors/predictor.hpp"

namespace emdyn::forecast {

/// forecast() of a predictor that is a stack. What the log lacks is a missing value; it abstains
/// only where nothing but time is known, the deadline has passed, or the run lies too far from the
/// bank, and says so. Where the run departs from the bank the log-odds are drawn towards the base
/// rate, and `reason` says how far. The interval is that of the calibration on resampled groups.
/// @pre predictor.stacked.
series::Forecast stacked_forecast(const Predictor& predictor, const series::Run& run,
                                  const ForecastOptions& options);

/// What a stack sees of a run at a position, in the order of Predictor::features.
/// @throws as observe.
std::vector<double> stacked_features(const series::Run& run, double at,
                                     const ForecastOptions& options);

/// The last position that any signal of the run has; 0 for none.
double last_record(const series::Run& run) noexcept;

/// The document of a predictor that is a stack, with a checksum, and back.
/// @throws DataError when it was altered, is incomplete, or was fitted on other features than this
/// version computes.
Json stacked_predictor_json(const Predictor& predictor);
Predictor stacked_predictor_from_json(const Json& json);
bool is_stacked_predictor(const Json& json);

}  // namespace emdyn::forecast
