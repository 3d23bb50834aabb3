#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"

namespace emdyn::forecast {

struct Prefix;

/// What a predictor looks at. `grokking`: configuration and signals of a run of the lab;
/// `signals_only`: what any log has, scale-free in time.
enum class FeatureSet { grokking, signals_only };
std::string_view word(FeatureSet set) noexcept;
/// @throws ConfigError for a word that names no set.
FeatureSet feature_set_from_word(std::string_view word);

/// One feature of a prefix; its summary has the unit.
struct FeatureSpec : EntryFacts {
  std::string_view factor;  ///< The plain words its share is summed under.
  bool is_trend;            ///< Its sign says "rising" or "falling" of the factor.
  bool is_configuration;
  bool in_signals_only;
  double (*compute)(const Prefix& prefix);  ///< NaN where what it needs is missing.
};

/// Every feature, in the order predictors have them.
const Registry<FeatureSpec>& feature_registry() noexcept;
std::span<const FeatureSpec> feature_specs() noexcept;
/// What an entry says beside the facts of every entry: factor, trend, configuration, sets.
std::vector<Fact> facts(const FeatureSpec& spec);

/// @throws DataError for a name that no feature has, offering the nearest.
const FeatureSpec& feature_spec(std::string_view name);

constexpr bool in_set(const FeatureSpec& spec, FeatureSet set) noexcept {
  return set == FeatureSet::grokking || spec.in_signals_only;
}
std::vector<std::string> feature_names(FeatureSet set);

}  // namespace emdyn::forecast
