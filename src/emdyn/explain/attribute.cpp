#include "emdyn/explain/attribute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "emdyn/math/robust.hpp"

namespace emdyn::explain {
namespace {

constexpr double kSteady = 0.02;  // per decade of position: below it nothing rises or falls

// The features of one factor.
struct Factor {
  std::vector<std::size_t> features;
  std::optional<std::size_t> trend;
};

// Factors in the order of their first feature.
std::vector<std::pair<std::string_view, Factor>> factors_of(const forecast::Predictor& predictor) {
  std::vector<std::pair<std::string_view, Factor>> factors;
  for (std::size_t j = 0; j < predictor.features.size(); ++j) {
    const forecast::FeatureSpec& spec = forecast::feature_spec(predictor.features[j]);
    auto found = std::ranges::find(factors, spec.factor, [](const auto& f) { return f.first; });
    if (found == factors.end()) {
      factors.emplace_back(spec.factor, Factor{});
      found = factors.end() - 1;
    }
    found->second.features.push_back(j);
    if (spec.is_trend) found->second.trend = j;
  }
  return factors;
}

std::string worded(std::string_view name, const Factor& factor, std::span<const double> features) {
  if (!factor.trend) return std::string(name);
  const double slope = features[*factor.trend];
  if (slope > kSteady) return fmt::format("{} rising", name);
  if (slope < -kSteady) return fmt::format("{} falling", name);
  return fmt::format("{} steady", name);
}

// Sum of phi of a factor under one set of coefficients; `offset` is where beta_0 stands.
double share(const forecast::Predictor& predictor, const Factor& factor,
             std::span<const double> coefficients, std::size_t offset,
             std::span<const double> features) {
  double sum = 0.0;
  for (const std::size_t j : factor.features) {
    sum += coefficients[j + offset] * predictor.model.standardiser(j, features[j]);
  }
  return sum;
}

std::optional<series::Interval> interval_of(const forecast::Predictor& predictor,
                                            const Factor& factor, std::span<const double> features,
                                            double phi, double level) {
  if (predictor.replicates.empty()) return std::nullopt;
  std::vector<double> draws;
  for (const auto& replicate : predictor.replicates) {
    draws.push_back(share(predictor, factor, replicate, 1, features));
  }
  return series::Interval{std::min(phi, math::quantile(draws, 0.5 * (1.0 - level))), phi,
                          std::max(phi, math::quantile(draws, 0.5 * (1.0 + level))), level};
}

// What a person would read the factor by: its trend, else its only feature.
std::optional<double> value_of(const Factor& factor, std::span<const double> features) {
  if (!factor.trend && factor.features.size() != 1) return std::nullopt;
  const double value = features[factor.trend.value_or(factor.features.front())];
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

std::vector<double> linear_shapley(const forecast::Predictor& predictor,
                                   std::span<const double> features) {
  std::vector<double> phi(predictor.features.size());
  for (std::size_t j = 0; j < phi.size(); ++j) {
    phi[j] = predictor.model.beta[j] * predictor.model.standardiser(j, features[j]);
  }
  return phi;
}

series::Attribution attribute(const forecast::Predictor& predictor,
                              std::span<const double> features, double level) {
  series::Attribution result;
  result.scale = "log_odds";
  result.base = predictor.model.intercept;
  result.method = "exact Shapley values of the linear model, background: mean of the bank";
  for (const auto& [name, factor] : factors_of(predictor)) {
    series::Contribution contribution;
    contribution.factor = worded(name, factor, features);
    contribution.value = value_of(factor, features);
    contribution.phi = share(predictor, factor, predictor.model.beta, 0, features);
    contribution.interval = interval_of(predictor, factor, features, contribution.phi, level);
    result.contributions.push_back(std::move(contribution));
  }
  std::ranges::stable_sort(result.contributions, [](const auto& a, const auto& b) {
    return std::abs(a.phi) > std::abs(b.phi);
  });
  return result;
}

series::Forecast explained_forecast(const forecast::Predictor& predictor, const series::Run& run,
                                    const forecast::ForecastOptions& options) {
  series::Forecast result = forecast::forecast(predictor, run, options);
  if (result.status != series::ForecastStatus::ok) return result;
  const auto features =
      forecast::prefix_features(run, result.at, options.deadline, predictor.set, options.roles);
  result.attribution = attribute(predictor, features.values, options.level);
  result.attribution->target = result.target;
  return result;
}

}  // namespace emdyn::explain
