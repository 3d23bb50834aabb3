#pragma once
#include <span>
#include <string_view>

#include "emdyn/forecast/predictors/predictor.hpp"

namespace emdyn::forecast {

/// The predictors that are part of the program, fitted on the bank in predictors/; the more
/// demanding one first. Parsed once, on first use.
std::span<const Predictor> builtin_predictors();

/// @throws ConfigError listing the names for a name that is none of them.
const Predictor& builtin_predictor(std::string_view name);

/// The first built-in predictor that does not abstain on the run at options.at (by default its last
/// record), or the last one, whose abstention then says what is lacking.
/// @throws UnavailableError when this build has no predictor.
const Predictor& choose_predictor(const series::Run& run, const ForecastOptions& options);

}  // namespace emdyn::forecast
