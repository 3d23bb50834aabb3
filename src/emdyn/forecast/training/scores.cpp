#include "emdyn/forecast/training/scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"

namespace emdyn::forecast {
namespace {

double weight_of(std::span<const double> weights, std::size_t i) {
  return weights.empty() ? 1.0 : weights[i];
}

}  // namespace

std::optional<double> auc(std::span<const double> scores, std::span<const double> labels) {
  return auc(scores, labels, {});
}

std::optional<double> auc(std::span<const double> scores, std::span<const double> labels,
                          std::span<const double> weights) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double negatives_below = 0.0;
  double positives = 0.0;
  double pairs = 0.0;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    double tied_positive = 0.0;
    double tied_negative = 0.0;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end) {
      (labels[order[end]] == 1.0 ? tied_positive : tied_negative) += weight_of(weights, order[end]);
    }
    pairs += tied_positive * (negatives_below + 0.5 * tied_negative);
    negatives_below += tied_negative;
    positives += tied_positive;
    begin = end;
  }
  if (!(positives > 0.0 && negatives_below > 0.0)) return std::nullopt;
  return pairs / (positives * negatives_below);
}

std::optional<double> brier(std::span<const double> probabilities, std::span<const double> labels,
                            std::span<const double> weights) {
  double sum = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double error = probabilities[i] - labels[i];
    sum += weight_of(weights, i) * error * error;
    total += weight_of(weights, i);
  }
  if (!(total > 0.0)) return std::nullopt;
  return sum / total;
}

std::vector<ReliabilityBin> reliability(std::span<const double> probabilities,
                                        std::span<const double> labels,
                                        std::span<const std::size_t> groups, std::size_t bins) {
  std::vector<ReliabilityBin> table(bins);
  std::vector<std::set<std::size_t>> members(bins);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double scaled = probabilities[i] * static_cast<double>(bins);
    const std::size_t b = std::min(bins - 1, static_cast<std::size_t>(std::max(0.0, scaled)));
    ++table[b].count;
    table[b].predicted += probabilities[i];
    table[b].observed += labels[i];
    if (!groups.empty()) members[b].insert(groups[i]);
  }
  for (std::size_t b = 0; b < bins; ++b) {
    table[b].low = static_cast<double>(b) / static_cast<double>(bins);
    table[b].high = static_cast<double>(b + 1) / static_cast<double>(bins);
    table[b].groups = members[b].size();
    if (table[b].count == 0) continue;
    table[b].predicted /= static_cast<double>(table[b].count);
    table[b].observed /= static_cast<double>(table[b].count);
  }
  std::erase_if(table, [](const ReliabilityBin& bin) { return bin.count == 0; });
  return table;
}

double calibration_error(std::span<const ReliabilityBin> bins) {
  double sum = 0.0;
  double total = 0.0;
  for (const ReliabilityBin& bin : bins) {
    sum += static_cast<double>(bin.count) * std::abs(bin.predicted - bin.observed);
    total += static_cast<double>(bin.count);
  }
  return total > 0.0 ? sum / total : 0.0;
}

std::optional<CalibrationLine> calibration_line(std::span<const double> log_odds,
                                                std::span<const double> labels,
                                                std::span<const double> weights) {
  const FeatureTable table{1, std::vector<double>(log_odds.begin(), log_odds.end())};
  try {
    // A whisper of a penalty keeps the slope finite where the scores separate the classes.
    const Logistic model = fit_logistic(table, labels, weights, LogisticOptions{.penalty = 1e-3});
    const double scale = model.standardiser.scale[0];
    const auto [low, high] = std::ranges::minmax(log_odds);
    if (low == high) return std::nullopt;
    const double slope = model.beta[0] / scale;
    return CalibrationLine{slope, model.intercept - slope * model.standardiser.mean[0]};
  } catch (const DataError&) {
    return std::nullopt;  // one class only
  }
}

}  // namespace emdyn::forecast
