#include "emdyn/forecast/features/features.hpp"

#include <fmt/format.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/features/prefix.hpp"

namespace emdyn::forecast {

PrefixFeatures prefix_features(const series::Run& run, double at, double deadline, FeatureSet set,
                               const series::RoleChoices& roles) {
  if (!(at > 0.0 && at <= deadline)) {
    throw ConfigError(fmt::format("a forecast needs 0 < at <= deadline, got at {} and deadline {}",
                                  at, deadline));
  }
  Prefix prefix{.at = at, .deadline = deadline};
  add_signals(run, roles, prefix);
  if (set == FeatureSet::grokking) add_lab(run, roles, prefix);
  PrefixFeatures result;
  for (const FeatureSpec& spec : feature_specs()) {
    if (in_set(spec, set)) result.values.push_back(spec.compute(prefix));
  }
  result.missing = std::move(prefix.missing);
  return result;
}

std::vector<double> forecast_positions(double deadline, std::size_t count) {
  std::vector<double> positions(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i + 1) / static_cast<double>(count + 1);
    const double position = deadline * std::pow(share, 1.5);
    // Steps and tokens are counted in wholes; short axes (epochs, seconds) keep their fractions.
    positions[i] = deadline >= 1000.0 ? std::floor(position) : position;
  }
  return positions;
}

}  // namespace emdyn::forecast
