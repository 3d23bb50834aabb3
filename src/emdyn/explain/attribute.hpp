#pragma once
#include <span>
#include <vector>

#include "emdyn/forecast/predictors/predictor.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::explain {

/// Shapley value of each feature of a linear model in log-odds, exact: phi_j = beta_j x_j - beta_j
/// E[x_j], the background being the mean of the bank (interventional, features independent of each
/// other). Intercept + sum of phi is the log-odds. A missing value has phi 0.
/// Source: Strumbelj, Kononenko, "Explaining prediction models and individual predictions with
/// feature contributions", 2014.
std::vector<double> linear_shapley(const forecast::Predictor& predictor,
                                   std::span<const double> features);

/// What moved one forecast: Shapley values summed over the features of each factor, largest first;
/// base + their sum is the forecast's log-odds. A factor with a trend is worded by its direction
/// ("weight norm falling"), and its value is that trend. Intervals (level 0.9 by default) come from
/// the predictor's resampled coefficients; a stack has none, its values are those of its members,
/// weighted. They say what moved the forecast, not what caused the
/// transition.
series::Attribution attribute(const forecast::Predictor& predictor,
                              std::span<const double> features, double level = 0.9);

/// Computes the forecast at options.at with its attribution filled in; where the predictor abstains
/// or the target is past, the attribution stays empty.
/// @throws ConfigError as forecast::forecast does.
series::Forecast explained_forecast(const forecast::Predictor& predictor, const series::Run& run,
                                    const forecast::ForecastOptions& options);

}  // namespace emdyn::explain
