#include "emdyn/forecast/tabular/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::size_t kPlattKnots = 33;

struct Pool {
  double low;
  double high;
  double weight;
  double positive;
  double mean() const { return positive / weight; }
};

void check_sizes(std::span<const double> scores, std::span<const double> labels,
                 std::span<const double> weights) {
  if (scores.size() != labels.size() || (!weights.empty() && weights.size() != labels.size())) {
    throw DataError(fmt::format("calibration: {} scores, {} labels, {} weights", scores.size(),
                                labels.size(), weights.size()));
  }
}

double weight_of_row(std::span<const double> weights, std::size_t i) {
  return weights.empty() ? 1.0 : weights[i];
}

// Equal scores are one pool from the start: no curve could tell them apart.
std::vector<Pool> tied_pools(std::span<const double> scores, std::span<const double> labels,
                             std::span<const double> weights) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  std::vector<Pool> pools;
  for (const std::size_t i : order) {
    const double weight = weight_of_row(weights, i);
    if (weight == 0.0) continue;
    if (pools.empty() || pools.back().high < scores[i]) {
      pools.push_back({scores[i], scores[i], 0.0, 0.0});
    }
    pools.back().weight += weight;
    pools.back().positive += weight * labels[i];
  }
  return pools;
}

}  // namespace

double CalibrationCurve::operator()(double at) const noexcept {
  if (score.empty()) return 0.5;
  const auto above = std::ranges::upper_bound(score, at);
  if (above == score.begin()) return probability.front();
  if (above == score.end()) return probability.back();
  const auto k = static_cast<std::size_t>(above - score.begin());
  const double share = (at - score[k - 1]) / (score[k] - score[k - 1]);
  return probability[k - 1] + share * (probability[k] - probability[k - 1]);
}

CalibrationCurve fit_isotonic(std::span<const double> scores, std::span<const double> labels,
                              std::span<const double> weights) {
  check_sizes(scores, labels, weights);
  std::vector<Pool> pools;
  for (const Pool& next : tied_pools(scores, labels, weights)) {
    pools.push_back(next);
    while (pools.size() > 1 && pools[pools.size() - 2].mean() >= pools.back().mean()) {
      Pool& into = pools[pools.size() - 2];
      into.high = pools.back().high;
      into.weight += pools.back().weight;
      into.positive += pools.back().positive;
      pools.pop_back();
    }
  }
  if (pools.empty()) throw DataError("calibration: no score has weight");
  CalibrationCurve curve;
  for (const Pool& pool : pools) {
    for (const double at : {pool.low, pool.high}) {
      if (!curve.score.empty() && curve.score.back() == at) continue;
      curve.score.push_back(at);
      curve.probability.push_back(pool.mean());
    }
  }
  return curve;
}

CalibrationCurve fit_platt(std::span<const double> scores, std::span<const double> labels,
                           std::span<const double> weights) {
  check_sizes(scores, labels, weights);
  double positive = 0.0;
  double negative = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    (labels[i] == 1.0 ? positive : negative) += weight_of_row(weights, i);
  }
  if (!(positive > 0.0 && negative > 0.0)) {
    throw DataError("calibration needs scores of both outcomes");
  }
  // Each row twice: with its label, and the little that the pulled-in label gives the other one.
  FeatureTable table{1, {}};
  std::vector<double> both;
  std::vector<double> both_weights;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double aim =
        labels[i] == 1.0 ? (positive + 1.0) / (positive + 2.0) : 1.0 / (negative + 2.0);
    for (const double label : {1.0, 0.0}) {
      table.values.push_back(scores[i]);
      both.push_back(label);
      both_weights.push_back(weight_of_row(weights, i) * (label == 1.0 ? aim : 1.0 - aim));
    }
  }
  const Logistic line = fit_logistic(table, both, both_weights, LogisticOptions{.penalty = 1e-6});
  const double slope = std::max(line.beta[0], 0.0);
  const auto [low, high] = std::ranges::minmax(scores);
  CalibrationCurve curve;
  for (std::size_t k = 0; k < kPlattKnots; ++k) {
    const double at = low + (high - low) * static_cast<double>(k) / (kPlattKnots - 1);
    if (!curve.score.empty() && !(at > curve.score.back())) continue;
    curve.score.push_back(at);
    curve.probability.push_back(sigmoid(line.intercept + slope * line.standardiser(0, at)));
  }
  return curve;
}

Calibration::Value Calibration::operator()(double score, double level) const {
  Value value{curve(score), curve(score), curve(score)};
  if (replicates.empty()) return value;
  std::vector<double> draws;
  for (const CalibrationCurve& replicate : replicates) draws.push_back(replicate(score));
  value.low = std::min(value.estimate, math::quantile(draws, 0.5 * (1.0 - level)));
  value.high = std::max(value.estimate, math::quantile(draws, 0.5 * (1.0 + level)));
  return value;
}

Calibration fit_calibration(CalibrationKind kind, std::span<const double> scores,
                            std::span<const double> labels, std::span<const std::size_t> groups,
                            std::size_t resamples, std::uint64_t seed) {
  const auto fit = kind == CalibrationKind::isotonic ? &fit_isotonic : &fit_platt;
  if (groups.size() != labels.size()) {
    throw DataError(fmt::format("calibration: {} labels, {} groups", labels.size(), groups.size()));
  }
  Calibration result{fit(scores, labels, {}), std::vector<CalibrationCurve>(resamples)};
  const std::size_t count = std::ranges::max(groups) + 1;
  parallel_for(resamples, [&](std::size_t b) {
    Philox random(seed, 0x63616c0000000000ULL + b);
    std::vector<double> times(count, 0.0);
    for (std::size_t k = 0; k < count; ++k) {
      times[random.below(static_cast<std::uint32_t>(count))] += 1.0;
    }
    std::vector<double> weights;
    for (const std::size_t group : groups) weights.push_back(times[group]);
    try {
      result.replicates[b] = fit(scores, labels, weights);
    } catch (const DataError&) {  // One class only: it says nothing.
    }
  });
  std::erase_if(result.replicates, [](const auto& curve) { return curve.score.empty(); });
  return result;
}

}  // namespace emdyn::forecast
