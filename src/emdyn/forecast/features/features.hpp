#pragma once
#include <string>
#include <vector>

#include "emdyn/forecast/features/registry.hpp"
#include "emdyn/series/roles.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::forecast {

/// Features seen at `at`; what is lacking is said, not guessed.
struct PrefixFeatures {
  std::vector<double> values{};        ///< In the order of feature_names(set); NaN where not known.
  std::vector<std::string> missing{};  ///< Why the set cannot be computed; empty when it can.
};

/// Computes the features from records at positions <= `at` and nothing else: equal for the run cut
/// at `at` and for any continuation. Trends are slopes per decade of the position over (at/2, at],
/// levels medians over the last tenth of the prefix. O(points of the signals used).
/// @throws ConfigError unless 0 < at <= deadline.
PrefixFeatures prefix_features(const series::Run& run, double at, double deadline, FeatureSet set,
                               const series::RoleChoices& roles = {});

/// Positions at which runs are forecast: `count` of them, denser at the start
/// (deadline x (i / (count + 1))^1.5). The alarm's "k forecasts in a row" is in these units.
std::vector<double> forecast_positions(double deadline, std::size_t count = 40);

}  // namespace emdyn::forecast
