#include "emdyn/explain/attribute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "emdyn/explain/tabular/additive_shap.hpp"
#include "emdyn/forecast/features/relative.hpp"
#include "emdyn/forecast/predictors/stacked_forecast.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::explain {
namespace {

constexpr double kSteady = 0.02;  // per decade of position: below it nothing rises or falls

// The features of one factor.
struct Factor {
  std::vector<std::size_t> features;
  std::optional<std::size_t> trend;
};

// The plain words a feature is summed under, and whether its sign is a direction.
std::pair<std::string_view, bool> factor_of(const forecast::Predictor& predictor, std::size_t j) {
  if (predictor.stacked) {
    const auto& spec = forecast::relative_registry().find(predictor.features[j]);
    return {spec.factor, spec.is_trend};
  }
  const forecast::FeatureSpec& spec = forecast::feature_spec(predictor.features[j]);
  return {spec.factor, spec.is_trend};
}

// Factors in the order of their first feature.
std::vector<std::pair<std::string_view, Factor>> factors_of(const forecast::Predictor& predictor) {
  std::vector<std::pair<std::string_view, Factor>> factors;
  for (std::size_t j = 0; j < predictor.features.size(); ++j) {
    const auto [factor, is_trend] = factor_of(predictor, j);
    auto found = std::ranges::find(factors, factor, [](const auto& f) { return f.first; });
    if (found == factors.end()) {
      factors.emplace_back(factor, Factor{});
      found = factors.end() - 1;
    }
    found->second.features.push_back(j);
    if (is_trend && !found->second.trend) found->second.trend = j;
  }
  return factors;
}

std::string worded(std::string_view name, const Factor& factor, std::span<const double> features) {
  if (!factor.trend) return std::string(name);
  const double slope = features[*factor.trend];
  if (!std::isfinite(slope)) return std::string(name);
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

TreeShares member_shares(const forecast::MemberModel& member, std::span<const double> row) {
  if (const auto* trees = std::get_if<forecast::TreeEnsemble>(&member.model)) {
    return tree_shap(*trees, row);
  }
  if (const auto* additive = std::get_if<forecast::AdditiveModel>(&member.model)) {
    return additive_shap(*additive, row);
  }
  return linear_shap(std::get<forecast::Logistic>(member.model), row);
}

// The weighted sum of the members' shares, drawn towards the base rate as the forecast is.
TreeShares stacked_shares(const forecast::StackedModel& model, std::span<const double> features) {
  TreeShares shares{model.stack.intercept, std::vector<double>(features.size(), 0.0)};
  for (std::size_t m = 0; m < model.members.size(); ++m) {
    const double weight = model.stack.weight[m];
    const forecast::MemberModel& member = model.members[m];
    if (!(weight > 0.0)) continue;
    std::vector<double> row;
    for (const std::size_t j : member.plan.columns) row.push_back(features[j]);
    if (row.empty()) row.push_back(0.0);
    const TreeShares own = member_shares(member, row);
    // The stack holds members within bounds; their shares shrink with them.
    const double whole = member.log_odds(features);
    const double held = forecast::held_log_odds(whole);
    const double part = whole == own.base ? 1.0 : (held - own.base) / (whole - own.base);
    shares.base += weight * own.base;
    for (std::size_t k = 0; k < member.plan.columns.size(); ++k) {
      shares.phi[member.plan.columns[k]] += weight * part * own.phi[k];
    }
  }
  const double trust = model.departure(features).trust;
  shares.base = model.base_log_odds + trust * (shares.base - model.base_log_odds);
  for (double& phi : shares.phi) phi *= trust;
  return shares;
}

series::Attribution stacked_attribution(const forecast::Predictor& predictor,
                                        std::span<const double> features) {
  const TreeShares shares = stacked_shares(*predictor.stacked, features);
  series::Attribution result;
  result.scale = "log_odds";
  result.base = shares.base;
  result.method =
      "exact Shapley values of each member of the stack, weighted (trees: by the covers of their "
      "splits; others: against the bank's own distribution)";
  for (const auto& [name, factor] : factors_of(predictor)) {
    series::Contribution contribution;
    contribution.factor = worded(name, factor, features);
    contribution.value = value_of(factor, features);
    for (const std::size_t j : factor.features) contribution.phi += shares.phi[j];
    result.contributions.push_back(std::move(contribution));
  }
  return result;
}

void sort_by_size(series::Attribution& attribution) {
  std::ranges::stable_sort(attribution.contributions, [](const auto& a, const auto& b) {
    return std::abs(a.phi) > std::abs(b.phi);
  });
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
  if (predictor.stacked) {
    series::Attribution told = stacked_attribution(predictor, features);
    sort_by_size(told);
    return told;
  }
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
  sort_by_size(result);
  return result;
}

series::Forecast explained_forecast(const forecast::Predictor& predictor, const series::Run& run,
                                    const forecast::ForecastOptions& options) {
  series::Forecast result = forecast::forecast(predictor, run, options);
  if (result.status != series::ForecastStatus::ok) return result;
  const auto features = predictor.stacked
                            ? forecast::stacked_features(run, result.at, options)
                            : forecast::prefix_features(run, result.at, options.deadline,
                                                        predictor.set, options.roles)
                                  .values;
  result.attribution = attribute(predictor, features, options.level);
  result.attribution->target = result.target;
  return result;
}

}  // namespace emdyn::explain
