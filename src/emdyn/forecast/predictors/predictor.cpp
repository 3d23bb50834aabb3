#include "emdyn/forecast/predictors/predictor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/features/history.hpp"
#include "emdyn/forecast/predictors/stacked_forecast.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kRangeMargin = 0.5;  // of the bank's range, on either side

const series::Signal* accuracy_of(const series::Run& run, const ForecastOptions& options) {
  return series::find_role(run, series::Role::test_accuracy, options.roles);
}

double last_position(const series::Signal* signal) {
  return signal == nullptr || signal->size() == 0 ? 0.0 : signal->last_positions().back();
}

series::Interval probability_interval(const Predictor& predictor, std::span<const double> values,
                                      double level) {
  const double estimate = predictor.model.probability(values);
  series::Interval interval{estimate, estimate, estimate, level};
  if (predictor.replicates.empty()) return interval;
  std::vector<double> draws;
  draws.reserve(predictor.replicates.size());
  for (const std::vector<double>& replicate : predictor.replicates) {
    double log_odds = replicate[0];
    for (std::size_t j = 0; j < values.size(); ++j) {
      log_odds += replicate[j + 1] * predictor.model.standardiser(j, values[j]);
    }
    draws.push_back(sigmoid(log_odds));
  }
  interval.low = std::min(estimate, math::quantile(draws, 0.5 * (1.0 - level)));
  interval.high = std::max(estimate, math::quantile(draws, 0.5 * (1.0 + level)));
  return interval;
}

series::Forecast abstain(series::Forecast forecast, std::string reason) {
  forecast.status = series::ForecastStatus::abstained;
  forecast.reason = std::move(reason);
  return forecast;
}

bool already_past(const series::Signal* accuracy, double at, const Target& target) {
  return accuracy != nullptr && outcome(*accuracy, target, at).kind == OutcomeKind::reached;
}

}  // namespace

std::optional<std::size_t> out_of_range(const Predictor& predictor,
                                        std::span<const double> values) noexcept {
  std::optional<std::size_t> worst;
  double farthest = kRangeMargin;
  for (std::size_t j = 0; j < values.size() && j < predictor.low.size(); ++j) {
    // Values in a bank are rounded, so a feature that was constant there still has a width.
    const double range =
        std::max(predictor.high[j] - predictor.low[j], 1e-3 * (1.0 + std::abs(predictor.high[j])));
    const double beyond =
        std::max(predictor.low[j] - values[j], values[j] - predictor.high[j]) / range;
    if (!(beyond > farthest)) continue;
    farthest = beyond;
    worst = j;
  }
  return worst;
}

series::Forecast forecast(const Predictor& predictor, const series::Run& run,
                          const ForecastOptions& options) {
  Target target = predictor.target;
  target.deadline = options.deadline;
  checked(target);
  if (!(options.level > 0.0 && options.level < 1.0)) {
    throw ConfigError(fmt::format("level must be in (0, 1), got {}", options.level));
  }
  if (predictor.stacked) return stacked_forecast(predictor, run, options);
  const series::Signal* accuracy = accuracy_of(run, options);
  series::Forecast result;
  result.run = run.info.id;
  result.target = describe(target, accuracy ? accuracy->axis : series::Axis::step);
  result.at = options.at.value_or(last_position(accuracy));
  result.deadline = options.deadline;
  result.predictor = predictor.name;
  if (already_past(accuracy, result.at, target)) {
    result.status = series::ForecastStatus::already_past;
    return result;
  }
  if (result.at > options.deadline) {
    return abstain(std::move(result), "the deadline has passed; give a later one with --deadline");
  }
  if (!(result.at > 0.0)) {
    if (accuracy == nullptr) {
      return abstain(std::move(result),
                     series::missing_role_message(run, series::Role::test_accuracy));
    }
    return abstain(std::move(result), "nothing has been recorded yet; forecast later");
  }
  const PrefixFeatures features =
      prefix_features(run, result.at, options.deadline, predictor.set, options.roles);
  if (!features.missing.empty()) {
    return abstain(std::move(result), fmt::format("predictor {} needs: {}", predictor.name,
                                                  fmt::join(features.missing, "; ")));
  }
  if (const auto far = out_of_range(predictor, features.values)) {
    return abstain(std::move(result),
                   fmt::format("{} is {:.3g}, far outside the {:.3g} to {:.3g} this predictor was "
                               "fitted on; fit one on runs like this with predictor train",
                               predictor.features[*far], features.values[*far], predictor.low[*far],
                               predictor.high[*far]));
  }
  result.probability = probability_interval(predictor, features.values, options.level);
  return result;
}

std::vector<series::Forecast> forecast_path(const Predictor& predictor, const series::Run& run,
                                            const ForecastOptions& options) {
  std::vector<series::Forecast> path;
  double last = last_position(accuracy_of(run, options));
  if (predictor.stacked && last == 0.0) last = last_record(run);
  for (const double at : forecast_positions(options.deadline)) {
    if (at > last) break;
    ForecastOptions here = options;
    here.at = at;
    path.push_back(forecast(predictor, run, here));
    if (path.back().status == series::ForecastStatus::already_past) break;
  }
  return path;
}

std::optional<double> crossed_at(const Predictor& predictor,
                                 std::span<const series::Forecast> path) {
  std::vector<double> probabilities;
  std::vector<double> positions;
  for (const series::Forecast& forecast : path) {
    if (forecast.status != series::ForecastStatus::ok || !forecast.probability) continue;
    probabilities.push_back(forecast.probability->estimate);
    positions.push_back(forecast.at);
  }
  const auto index =
      crossing(probabilities, predictor.alarm.threshold, predictor.alarm.consecutive);
  if (!index) return std::nullopt;
  return positions[*index];
}

}  // namespace emdyn::forecast
