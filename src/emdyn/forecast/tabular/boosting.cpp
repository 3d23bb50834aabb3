#include "emdyn/forecast/tabular/boosting.hpp"

#include <fmt/format.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

void require(bool holds, std::string_view what, double got) {
  if (!holds) throw ConfigError(fmt::format("{}, got {}", what, got));
}

void check_boosting(const FeatureTable& features, const BoostOptions& o) {
  require(o.trees >= 1, "boosting: trees must be >= 1", static_cast<double>(o.trees));
  require(o.rate > 0.0 && o.rate <= 1.0, "boosting: rate must be in (0, 1]", o.rate);
  require(o.depth >= 1 && o.depth <= 12, "boosting: depth must be in [1, 12]",
          static_cast<double>(o.depth));
  require(o.fewest >= 0.0, "boosting: fewest must be >= 0", o.fewest);
  require(o.penalty >= 0.0, "boosting: penalty must be >= 0", o.penalty);
  require(o.row_share > 0.0 && o.row_share <= 1.0, "boosting: row_share must be in (0, 1]",
          o.row_share);
  require(o.column_share > 0.0 && o.column_share <= 1.0, "boosting: column_share must be in (0, 1]",
          o.column_share);
  require(o.monotone.empty() || o.monotone.size() == features.columns,
          "boosting: monotone needs one direction for each column",
          static_cast<double>(o.monotone.size()));
}

// Log-odds of the weighted share of positives.
double prior_log_odds(std::span<const double> labels, std::span<const double> weights) {
  double positive = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    positive += weight * labels[i];
    total += weight;
  }
  if (!(positive > 0.0 && positive < total)) {
    throw DataError("boosting needs rows of both outcomes");
  }
  return std::log(positive / (total - positive));
}

}  // namespace

TreeEnsemble fit_boosted(const FeatureTable& features, std::span<const double> labels,
                         std::span<const double> weights, const BoostOptions& options) {
  check_boosting(features, options);
  if (labels.size() != features.rows() || (!weights.empty() && weights.size() != labels.size())) {
    throw DataError(fmt::format("boosting: {} rows of features, {} labels, {} weights",
                                features.rows(), labels.size(), weights.size()));
  }
  TreeEnsemble model{features.columns, prior_log_odds(labels, weights), 1.0, {}};
  const Bins bins = Bins::of(features, options.bins);
  const BinnedTable table(features, bins);
  const GrowOptions grow{options.depth, options.fewest,       options.penalty,
                         1e-9,          options.column_share, options.monotone};
  std::vector<double> log_odds(labels.size(), model.base);
  std::vector<double> gradient(labels.size());
  std::vector<double> hessian(labels.size());
  for (std::size_t t = 0; t < options.trees; ++t) {
    Philox random(options.seed, 0x7472656500000000ULL + t);
    std::vector<std::uint32_t> rows;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const double weight = weights.empty() ? 1.0 : weights[i];
      const bool drawn = options.row_share >= 1.0 || random.uniform() < options.row_share;
      if (!drawn || weight == 0.0) continue;
      const double p = sigmoid(log_odds[i]);
      gradient[i] = weight * (p - labels[i]);
      hessian[i] = weight * std::max(p * (1.0 - p), 1e-12);
      rows.push_back(static_cast<std::uint32_t>(i));
    }
    if (rows.empty()) continue;
    DecisionTree tree = grow_tree(table, bins, gradient, hessian, std::move(rows), grow, random);
    for (TreeNode& node : tree.nodes) node.value *= options.rate;
    for (std::size_t i = 0; i < labels.size(); ++i) log_odds[i] += tree.predict(features.row(i));
    model.trees.push_back(std::move(tree));
  }
  return model;
}

TreeEnsemble fit_forest(const FeatureTable& features, std::span<const double> outcome,
                        const ForestOptions& options) {
  require(options.trees >= 1, "forest: trees must be >= 1", static_cast<double>(options.trees));
  require(options.depth >= 1 && options.depth <= 1000, "forest: depth must be in [1, 1000]",
          static_cast<double>(options.depth));
  require(options.fewest > 0.0, "forest: fewest must be > 0", options.fewest);
  require(options.column_share > 0.0 && options.column_share <= 1.0,
          "forest: column_share must be in (0, 1]", options.column_share);
  const std::size_t rows = features.rows();
  if (rows == 0 || outcome.size() != rows) {
    throw DataError(fmt::format("forest: {} rows of features, {} outcomes", rows, outcome.size()));
  }
  const Bins bins = Bins::of(features, options.bins);
  const BinnedTable table(features, bins);
  // Gains and their rounding are then the same for an outcome in any unit.
  const double middle = math::mean(outcome);
  double square = 0.0;
  for (const double y : outcome) square += (y - middle) * (y - middle);
  const double unit = square > 0.0 ? std::sqrt(square / static_cast<double>(rows)) : 1.0;
  TreeEnsemble forest{features.columns, 0.0, 1.0 / static_cast<double>(options.trees), {}};
  forest.trees.resize(options.trees);
  parallel_for(options.trees, [&](std::size_t t) {
    Philox random(options.seed, 0x666f726500000000ULL + t);
    std::vector<double> weight(rows, 0.0);
    for (std::size_t i = 0; i < rows; ++i) {
      weight[random.below(static_cast<std::uint32_t>(rows))] += 1.0;
    }
    std::vector<double> gradient(rows);
    std::vector<std::uint32_t> drawn;
    for (std::size_t i = 0; i < rows; ++i) {
      gradient[i] = -weight[i] * (outcome[i] - middle) / unit;
      if (weight[i] > 0.0) drawn.push_back(static_cast<std::uint32_t>(i));
    }
    const GrowOptions grow{options.depth, options.fewest, 0.0, 1e-9, options.column_share, {}};
    forest.trees[t] = grow_tree(table, bins, gradient, weight, std::move(drawn), grow, random);
    for (TreeNode& node : forest.trees[t].nodes) node.value = middle + unit * node.value;
  });
  return forest;
}

}  // namespace emdyn::forecast
