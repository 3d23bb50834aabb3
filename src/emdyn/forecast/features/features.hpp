#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/series/roles.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::forecast {

/// What a predictor looks at. `grokking`: configuration and signals of a run of the lab;
/// `signals_only`: what any log has, scale-free in time.
enum class FeatureSet { grokking, signals_only };
std::string_view word(FeatureSet set) noexcept;
/// @throws ConfigError for a word that names no set.
FeatureSet feature_set_from_word(std::string_view word);

/// One feature of a prefix.
struct FeatureSpec {
  std::string_view name;
  std::string_view factor;  ///< The plain words its share is summed under.
  bool is_trend = false;    ///< Its sign says "rising" or "falling" of the factor.
  bool is_configuration = false;
  bool in_signals_only = false;
  std::string_view meaning;  ///< One line with the unit.
};
std::span<const FeatureSpec> feature_specs() noexcept;
/// @throws DataError for a name that no feature has.
const FeatureSpec& feature_spec(std::string_view name);
std::vector<std::string> feature_names(FeatureSet set);

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
