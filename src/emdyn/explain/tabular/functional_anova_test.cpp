#include "emdyn/explain/tabular/functional_anova.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/explain/tabular/any_function.hpp"
#include "emdyn/explain/tabular/counterfactual.hpp"

namespace emdyn::explain {
namespace {

using forecast::FeatureTable;

// A full grid of `levels` points on [-1, 1] in each of `columns` columns.
FeatureTable full_grid(std::size_t columns, std::size_t levels) {
  FeatureTable table{columns, {}};
  std::vector<std::size_t> at(columns, 0);
  while (true) {
    for (const std::size_t k : at) {
      table.values.push_back(-1.0 + 2.0 * static_cast<double>(k) / static_cast<double>(levels - 1));
    }
    std::size_t j = 0;
    while (j < columns && ++at[j] == levels) at[j++] = 0;
    if (j == columns) return table;
  }
}

// One tree that holds the whole table: its marginals are those of the function on the grid.
forecast::TreeEnsemble exact_tree(const FeatureTable& table, std::span<const double> outcome) {
  const auto bins = forecast::Bins::of(table);
  const forecast::BinnedTable binned(table, bins);
  std::vector<double> gradient, hessian(table.rows(), 1.0);
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    gradient.push_back(-outcome[i]);
    rows.push_back(static_cast<std::uint32_t>(i));
  }
  Philox random(1);
  return {table.columns,
          0.0,
          1.0,
          {forecast::grow_tree(binned, bins, gradient, hessian, rows,
                               {.depth = 60, .fewest = 0.5, .penalty = 0.0, .least_gain = 0.0},
                               random)}};
}

// a x0 + b x1^2 + c x0 x2 on a uniform grid: V0 = a^2 m2, V1 = b^2 (m4 - m2^2), V02 = c^2 m2^2.
TEST(FunctionalAnova, KnownFunctionOnAGrid) {
  const FeatureTable table = full_grid(3, 9);
  std::vector<double> outcome;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const auto x = table.row(i);
    outcome.push_back(2.0 * x[0] + 3.0 * x[1] * x[1] + 1.5 * x[0] * x[2] + 7.0);
  }
  double m2 = 0.0, m4 = 0.0;
  for (int k = 0; k < 9; ++k) {
    const double x = -1.0 + 0.25 * k;
    m2 += x * x / 9.0;
    m4 += x * x * x * x / 9.0;
  }
  const double v0 = 4.0 * m2, v1 = 9.0 * (m4 - m2 * m2), v02 = 2.25 * m2 * m2;
  const double all = v0 + v1 + v02;
  const auto anova = functional_anova(exact_tree(table, outcome), table);
  EXPECT_NEAR(anova.mean, 7.0 + 3.0 * m2, 1e-9);
  EXPECT_NEAR(anova.variance, all, 1e-9);
  EXPECT_NEAR(anova.single[0].share.mean, v0 / all, 1e-9);
  EXPECT_NEAR(anova.single[1].share.mean, v1 / all, 1e-9);
  EXPECT_NEAR(anova.single[2].share.mean, 0.0, 1e-9);
  EXPECT_EQ(anova.pairs[0].first, 0u);
  EXPECT_EQ(anova.pairs[0].second, 2u);
  EXPECT_NEAR(anova.pairs[0].share.mean, v02 / all, 1e-9);
  EXPECT_NEAR(anova.pairs[1].share.mean, 0.0, 1e-9);
  EXPECT_NEAR(anova.beyond_pairs.mean, 0.0, 1e-9);
  for (std::size_t b = 0; b < 9; ++b) {
    const double x = -1.0 + 0.25 * static_cast<double>(b);
    EXPECT_NEAR(anova.single[0].at[b].mean, 7.0 + 3.0 * m2 + 2.0 * x, 1e-9);
    EXPECT_NEAR(anova.pairs[0].at[b * 9 + 8].mean, 7.0 + 3.0 * m2 + 2.0 * x + 1.5 * x, 1e-9);
  }
}

// Product of three factors of mean 1/2 and variance v: all three together hold v^3 of
// (v + 1/4)^3 - 1/64.
TEST(FunctionalAnova, ThreeTogetherAreBeyondPairs) {
  const FeatureTable table = full_grid(3, 4);
  std::vector<double> outcome;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const auto x = table.row(i);
    outcome.push_back((x[0] + 0.5) * (x[1] + 0.5) * (x[2] + 0.5));
  }
  const double v = (1.0 + 1.0 / 9.0) / 2.0;
  const auto anova = functional_anova(exact_tree(table, outcome), table);
  EXPECT_NEAR(anova.beyond_pairs.mean, v * v * v / (std::pow(v + 0.25, 3) - 1.0 / 64.0), 1e-9);
}

// Ishigami and Homma's function, a = 7, b = 0.1: S1 = 0.3139, S2 = 0.4424, S13 = 0.2437 (Saltelli
// et al., "Global Sensitivity Analysis: The Primer", 2008).
TEST(FunctionalAnova, IshigamiFromARandomSample) {
  FeatureTable table{3, {}};
  std::vector<double> outcome;
  Philox random(5);
  for (int i = 0; i < 6000; ++i) {
    std::array<double, 3> x{};
    for (double& each : x) each = std::numbers::pi * (2.0 * random.uniform() - 1.0);
    table.add(x);
    outcome.push_back(std::sin(x[0]) + 7.0 * std::pow(std::sin(x[1]), 2) +
                      0.1 * std::pow(x[2], 4) * std::sin(x[0]));
  }
  const auto forest =
      forecast::fit_forest(table, outcome, {.trees = 12, .fewest = 2.0, .column_share = 1.0});
  const auto anova = functional_anova(forest, table);
  EXPECT_NEAR(anova.single[0].share.mean, 0.3139, 0.04);
  // A forest smooths the quick wave of the second column and adds the noise of its trees.
  EXPECT_NEAR(anova.single[1].share.mean, 0.4424, 0.06);
  EXPECT_NEAR(anova.single[2].share.mean, 0.0, 0.02);
  EXPECT_EQ(anova.pairs[0].first, 0u);
  EXPECT_EQ(anova.pairs[0].second, 2u);
  EXPECT_NEAR(anova.pairs[0].share.mean, 0.2437, 0.05);
}

TEST(FunctionalAnova, UnitsDoNotMatterAndThreadsNeither) {
  FeatureTable plain{2, {}}, other{2, {}};
  std::vector<double> outcome;
  Philox random(6);
  for (int i = 0; i < 500; ++i) {
    const double a = random.uniform(), b = random.uniform();
    plain.add(std::array{a, b});
    other.add(std::array{std::exp(9.0 * a), 1000.0 * b + 5.0});
    outcome.push_back(a > 0.4 ? b : 0.0);
  }
  std::vector<double> shares[3];
  for (std::size_t k = 0; k < 3; ++k) {
    const ThreadLimit limit(k == 1 ? 1 : 2);
    const FeatureTable& table = k == 2 ? other : plain;
    const auto anova = functional_anova(forecast::fit_forest(table, outcome, {.trees = 8}), table);
    for (const auto& each : anova.single) shares[k].push_back(each.share.mean);
    shares[k].push_back(anova.pairs[0].share.mean);
  }
  EXPECT_EQ(shares[0], shares[1]);
  for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(shares[0][j], shares[2][j], 1e-9);
}

TEST(FunctionalAnova, NothingVariesNothingDecides) {
  const FeatureTable table = full_grid(2, 3);
  const auto forest = forecast::fit_forest(table, std::vector<double>(9, 4.0), {.trees = 3});
  const auto anova = functional_anova(forest, table);
  EXPECT_EQ(anova.single[0].share.mean, 0.0);
  EXPECT_EQ(anova.variance, 0.0);
  EXPECT_THROW(functional_anova(forest, FeatureTable{1, {1.0}}), DataError);
}

TEST(PermutationShap, ExactForAProductAndAddsUp) {
  const RowFunction function = [](std::span<const double> x) { return 3.0 * x[0] + x[1] * x[2]; };
  const FeatureTable background{3, {0.0, 0.0, 0.0}};
  const std::array<double, 3> row{1.0, 2.0, 4.0};
  const auto shares = permutation_shap(function, row, background, 50);
  // With one background row, reversed orders give a pair exactly half each.
  EXPECT_NEAR(shares.phi[0], 3.0, 1e-12);
  EXPECT_NEAR(shares.phi[1], 4.0, 1e-12);
  EXPECT_NEAR(shares.phi[2], 4.0, 1e-12);
  EXPECT_NEAR(shares.error[1], 0.0, 1e-12);
}

TEST(PermutationShap, ErrorBarsHoldTheTruth) {
  const RowFunction function = [](std::span<const double> x) {
    return x[0] * x[1] * x[2] + std::max(x[0], x[3]);
  };
  FeatureTable background{4, {}};
  Philox random(7);
  for (int i = 0; i < 4; ++i) {
    background.add(std::array{random.normal(), random.normal(), random.normal(), random.normal()});
  }
  const std::array<double, 4> row{1.0, -1.0, 2.0, 0.5};
  const auto exact = permutation_shap(function, row, background, 20'000, 3);
  int held = 0;
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    const auto shares = permutation_shap(function, row, background, 400, seed);
    double sum = shares.base;
    for (std::size_t j = 0; j < 4; ++j) {
      sum += shares.phi[j];
      held += std::abs(shares.phi[j] - exact.phi[j]) < 2.5 * shares.error[j] + 1e-12 ? 1 : 0;
    }
    EXPECT_NEAR(sum, function(row), 1e-12);
  }
  EXPECT_GE(held, 36);
  EXPECT_THROW(permutation_shap(function, row, background, 1), ConfigError);
  EXPECT_THROW(permutation_shap(function, row, FeatureTable{3, {1, 2, 3}}), DataError);
}

TEST(InteractionStrength, AdditiveIsZeroAndACentredProductIsOne) {
  const FeatureTable grid = full_grid(2, 7);
  const RowFunction sum = [](std::span<const double> x) { return x[0] * x[0] - 3.0 * x[1]; };
  const RowFunction product = [](std::span<const double> x) { return x[0] * x[1]; };
  EXPECT_NEAR(interaction_strength(sum, grid, 0, 1), 0.0, 1e-12);
  EXPECT_NEAR(interaction_strength(product, grid, 0, 1), 1.0, 1e-12);
  // x y with means p, q: var of x q + p y against all of it. Means 1, variances m: H^2 = m^2 / (m^2 + 2 m).
  FeatureTable shifted = grid;
  for (double& x : shifted.values) x += 1.0;
  double m = 0.0;
  for (int k = 0; k < 7; ++k) m += std::pow(-1.0 + k / 3.0, 2) / 7.0;
  EXPECT_NEAR(interaction_strength(product, shifted, 0, 1), m * m / (m * m + 2.0 * m), 1e-12);
  EXPECT_THROW(interaction_strength(sum, grid, 0, 0), ConfigError);
}

TEST(Counterfactual, CheapestOfOneAndOfTwo) {
  FeatureTable table{3, {}};
  for (int i = 0; i <= 10; ++i) {
    for (int j = 0; j <= 10; ++j) {
      table.add(std::array{0.1 * i, 10.0 * j, (i + j) % 2 == 0 ? 1.0 : 2.0});
    }
  }
  // Interquartile ranges 0.6 and 60: x0 has 0.3 to go, x1 would have 50.
  const RowFunction function = [](std::span<const double> x) { return x[0] + 0.01 * x[1] / 2.0; };
  const std::array<double, 3> row{0.2, 20.0, 1.0};
  const auto found = counterfactual(function, row, table, {.level = 0.55});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->changes.size(), 1u);
  EXPECT_EQ(found->changes[0].column, 0u);
  EXPECT_NEAR(found->changes[0].to, 0.5, 1e-12);
  EXPECT_NEAR(found->changes[0].units, 0.5, 1e-9);
  EXPECT_GE(found->after, 0.55);
  const auto held = counterfactual(function, row, table, {.level = 0.55, .fixed = {0}});
  ASSERT_TRUE(held);
  EXPECT_EQ(held->changes[0].column, 1u);
  // Only both together reach it.
  const RowFunction both = [](std::span<const double> x) {
    return x[0] > 0.75 && x[1] > 55.0 ? 1.0 : 0.0;
  };
  const auto two = counterfactual(both, row, table);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->changes.size(), 2u);
  EXPECT_NEAR(two->changes[0].to, 0.8, 1e-12);
  EXPECT_NEAR(two->changes[1].to, 60.0, 1e-12);
  EXPECT_FALSE(counterfactual([](std::span<const double>) { return 0.0; }, row, table));
  EXPECT_THROW(counterfactual(both, row, table, {.changes = 0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::explain
