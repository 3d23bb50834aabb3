#include "emdyn/explain/tabular/tree_shap.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/explain/shapley.hpp"
#include "emdyn/explain/tabular/additive_shap.hpp"
#include "emdyn/explain/tabular/quadrature.hpp"
#include "emdyn/forecast/tabular/boosting.hpp"

namespace emdyn::explain {
namespace {

using forecast::FeatureTable;
using forecast::TreeEnsemble;
using forecast::TreeNode;

struct ShapSample {
  FeatureTable features{5, {}};
  std::vector<double> labels;
};

ShapSample shap_sample(std::size_t rows) {
  ShapSample sample;
  Philox random(3, 1);
  for (std::size_t i = 0; i < rows; ++i) {
    std::array<double, 5> x{};
    for (double& each : x) each = random.normal();
    const double y = x[0] + x[1] * x[2] + 0.3 * x[3];
    sample.labels.push_back(y > 0.0 ? 1.0 : 0.0);
    if (i % 7 == 0) x[4] = std::numeric_limits<double>::quiet_NaN();
    sample.features.add(x);
  }
  return sample;
}

TreeEnsemble shap_model(const ShapSample& sample) {
  return forecast::fit_boosted(sample.features, sample.labels, {},
                               {.trees = 12, .rate = 0.3, .depth = 6, .fewest = 0.5});
}

// A chain: at every level one side is a leaf. Feature k (or k modulo `features`) splits level k.
TreeEnsemble chain(std::size_t depth, std::size_t features) {
  forecast::DecisionTree tree;
  tree.nodes.clear();
  Philox random(depth, features);
  double cover = 1e6;
  for (std::size_t k = 0; k < depth; ++k) {
    TreeNode node;
    node.feature = static_cast<std::int32_t>(k % features);
    // Repeated splits of a feature move up, so that they are not idle.
    node.threshold = 0.5 * static_cast<double>(k / features) / 20.0 - 0.1;
    node.left = static_cast<std::int32_t>(2 * k + 1);
    node.right = static_cast<std::int32_t>(2 * k + 2);
    node.cover = cover;
    TreeNode leaf;
    leaf.value = random.normal();
    const double share = 0.1 + 0.8 * random.uniform();
    leaf.cover = cover * (1.0 - share);
    cover *= share;
    tree.nodes.push_back(node);
    tree.nodes.push_back(leaf);
    // The next split stands at the right child; the leaf at the left one.
  }
  TreeNode last;
  last.value = random.normal();
  last.cover = cover;
  tree.nodes.push_back(last);
  return {features, 0.25, 1.0, {tree}};
}

std::vector<double> brute_force(const TreeEnsemble& model, std::span<const double> row) {
  return shapley_values(model.columns, [&](std::uint32_t set) {
    std::vector<bool> known(model.columns);
    for (std::size_t j = 0; j < model.columns; ++j) known[j] = (set >> j & 1u) != 0;
    return known_value(model, row, known);
  });
}

TEST(Quadrature, ExactUpToItsDegree) {
  for (const std::size_t points : {1u, 2u, 5u, 16u, 84u}) {
    const Quadrature rule = gauss_legendre(points);
    for (std::size_t degree = 0; degree<2 * points; degree += points> 8 ? 13 : 1) {
      double sum = 0.0;
      for (std::size_t k = 0; k < points; ++k) {
        sum += rule.weight[k] * std::pow(rule.at[k], static_cast<double>(degree));
      }
      EXPECT_NEAR(sum, 1.0 / static_cast<double>(degree + 1), 1e-13) << points << " " << degree;
    }
  }
}

TEST(TreeShap, EqualsTheDefinition) {
  const ShapSample sample = shap_sample(300);
  const TreeEnsemble model = shap_model(sample);
  for (std::size_t i = 0; i < 20; ++i) {
    const auto row = sample.features.row(i);
    const auto shares = tree_shap(model, row);
    const auto known = brute_force(model, row);
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(shares.phi[j], known[j], 1e-12);
    const double sum = std::accumulate(shares.phi.begin(), shares.phi.end(), shares.base);
    EXPECT_NEAR(sum, model.predict(row), 1e-12);
  }
}

TEST(TreeShap, InterventionalEqualsTheDefinition) {
  const ShapSample sample = shap_sample(120);
  const TreeEnsemble model = shap_model(sample);
  FeatureTable background{5, {}};
  for (std::size_t i = 50; i < 60; ++i) background.add(sample.features.row(i));
  for (std::size_t i = 0; i < 10; ++i) {
    const auto row = sample.features.row(i);
    const auto shares = tree_shap(model, row, background);
    const auto known = shapley_values(5, [&](std::uint32_t set) {
      double sum = 0.0;
      for (std::size_t b = 0; b < background.rows(); ++b) {
        std::vector<double> mixed(background.row(b).begin(), background.row(b).end());
        for (std::size_t j = 0; j < 5; ++j) {
          if ((set >> j & 1u) != 0) mixed[j] = row[j];
        }
        sum += model.predict(mixed);
      }
      return sum / static_cast<double>(background.rows());
    });
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(shares.phi[j], known[j], 1e-12);
    const double sum = std::accumulate(shares.phi.begin(), shares.phi.end(), shares.base);
    EXPECT_NEAR(sum, model.predict(row), 1e-12);
  }
}

TEST(TreeShap, InteractionsEqualTheDefinition) {
  const ShapSample sample = shap_sample(200);
  const TreeEnsemble model = shap_model(sample);
  for (std::size_t i = 0; i < 5; ++i) {
    const auto row = sample.features.row(i);
    const auto matrix = tree_shap_interactions(model, row);
    const auto known = shapley_interactions(5, [&](std::uint32_t set) {
      std::vector<bool> seen(5);
      for (std::size_t j = 0; j < 5; ++j) seen[j] = (set >> j & 1u) != 0;
      return known_value(model, row, seen);
    });
    for (std::size_t k = 0; k < 25; ++k) EXPECT_NEAR(matrix[k], known[k], 1e-12);
  }
}

TEST(TreeShap, AddsUpAtAnyDepth) {
  for (const auto& [depth, features] :
       {std::pair<std::size_t, std::size_t>{166, 166}, {200, 40}, {300, 3}, {1000, 200}}) {
    const TreeEnsemble model = chain(depth, features);
    ASSERT_EQ(model.trees[0].depth(), depth);
    Philox random(depth);
    for (int trial = 0; trial < 5; ++trial) {
      std::vector<double> row(features);
      for (double& x : row) x = trial == 0 ? 100.0 : 4.0 * random.uniform();
      const auto shares = tree_shap(model, row);
      const double sum = std::accumulate(shares.phi.begin(), shares.phi.end(), shares.base);
      EXPECT_NEAR(sum, model.predict(row), 1e-9) << depth;
      EXPECT_NEAR(shares.base, known_value(model, row, std::vector<bool>(features, false)), 1e-9);
    }
  }
}

TEST(TreeShap, DeepAndRepeatedEqualsTheDefinition) {
  const TreeEnsemble model = chain(150, 6);
  const std::vector<double> row{0.2, 1.0, 0.05, 3.0, 0.4, 0.9};
  const auto shares = tree_shap(model, row);
  const auto known = brute_force(model, row);
  for (std::size_t j = 0; j < 6; ++j) EXPECT_NEAR(shares.phi[j], known[j], 1e-9);
}

TEST(TreeShap, RefusesOtherSizes) {
  const TreeEnsemble model = chain(3, 3);
  EXPECT_THROW(tree_shap(model, std::array{1.0}), DataError);
  EXPECT_THROW(tree_shap(model, std::array{1.0, 2.0, 3.0}, FeatureTable{3, {}}), DataError);
}

TEST(AdditiveShap, EqualsTheDefinitionUnderTheProductOfMarginals) {
  const ShapSample sample = shap_sample(400);
  const auto model =
      forecast::fit_additive(sample.features, sample.labels, {},
                             {.rounds = 20, .pairs = 2, .bags = 1, .bins = 6, .coarse_bins = 3});
  // Unknown features are drawn bin by bin from their own shares: f averaged over all bins.
  const auto row = sample.features.row(3);
  const auto shares = additive_shap(model, row);
  const auto value_of = [&](std::size_t j, std::size_t bin) {
    if (bin == model.bins.missing(j)) return std::numeric_limits<double>::quiet_NaN();
    return bin == 0 ? model.bins.cuts[j][0] - 1.0 : model.bins.cuts[j][bin - 1];
  };
  const auto known = shapley_values(5, [&](std::uint32_t set) {
    double total = 0.0;
    std::vector<double> at(5);
    const std::function<void(std::size_t, double)> over = [&](std::size_t j, double weight) {
      if (weight == 0.0) return;
      if (j == 5) {
        total += weight * model.log_odds(at);
        return;
      }
      if ((set >> j & 1u) != 0) {
        at[j] = row[j];
        over(j + 1, weight);
        return;
      }
      for (std::size_t b = 0; b <= model.bins.count(j); ++b) {
        at[j] = value_of(j, b);
        over(j + 1, weight * model.shapes[j].share[b]);
      }
    };
    over(0, 1.0);
    return total;
  });
  for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(shares.phi[j], known[j], 1e-10);
  const auto matrix = additive_shap_interactions(model, row);
  for (std::size_t j = 0; j < 5; ++j) {
    const double sum =
        std::accumulate(matrix.begin() + static_cast<std::ptrdiff_t>(5 * j),
                        matrix.begin() + static_cast<std::ptrdiff_t>(5 * j + 5), 0.0);
    EXPECT_NEAR(sum, shares.phi[j], 1e-12);
  }
}

TEST(LinearShap, AddsUpAndMissingSaysNothing) {
  const ShapSample sample = shap_sample(200);
  const auto model = forecast::fit_logistic(sample.features, sample.labels, {}, {});
  const auto row = sample.features.row(0);  // Its last feature is missing.
  const auto shares = linear_shap(model, row);
  const double sum = std::accumulate(shares.phi.begin(), shares.phi.end(), shares.base);
  EXPECT_NEAR(sum, model.log_odds(row), 1e-12);
  EXPECT_EQ(shares.phi[4], 0.0);
}

}  // namespace
}  // namespace emdyn::explain
