#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/detect/rows/half_space_trees.hpp"
#include "emdyn/detect/rows/incremental_pca.hpp"
#include "emdyn/detect/rows/loda.hpp"
#include "emdyn/detect/rows/mahalanobis.hpp"
#include "emdyn/detect/rows/newma.hpp"
#include "emdyn/detect/rows/random_cut_forest.hpp"
#include "emdyn/detect/rows/xstream.hpp"

namespace emdyn::detect {
namespace {

using TwoChannels = std::array<double, 2>;

/// Two channels of unit variance with correlation .8.
TwoChannels correlated(Philox& random) {
  const double a = random.normal();
  return {a, 0.8 * a + 0.6 * random.normal()};
}

TEST(Covariance, EigenvaluesOfAKnownMatrix) {
  std::array<double, 9> matrix{2, -1, 0, -1, 2, -1, 0, -1, 2};
  std::array<double, 3> values{};
  std::array<double, 9> vectors{};
  symmetric_eigen(matrix, values, vectors);
  EXPECT_NEAR(values[0], 2.0 + std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(values[1], 2.0, 1e-12);
  EXPECT_NEAR(values[2], 2.0 - std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(std::abs(vectors[0]), 0.5, 1e-12);
  EXPECT_NEAR(std::abs(vectors[1]), std::sqrt(0.5), 1e-12);
}

TEST(Covariance, CholeskyByHandAndRefusal) {
  std::array<double, 4> matrix{4, 2, 2, 5};
  ASSERT_TRUE(cholesky(matrix, 2));
  EXPECT_DOUBLE_EQ(matrix[0], 2.0);
  EXPECT_DOUBLE_EQ(matrix[2], 1.0);
  EXPECT_DOUBLE_EQ(matrix[3], 2.0);
  std::array<double, 4> indefinite{1, 2, 2, 1};
  EXPECT_FALSE(cholesky(indefinite, 2));
}

TEST(Covariance, ShrinkageVanishesWithManyRows) {
  Philox random(1);
  ShrunkCovariance covariance(2);
  std::array<double, 4> out{};
  for (int i = 0; i < 3; ++i) covariance.learn(correlated(random), 1.0);
  covariance.shrunk(out);
  EXPECT_LT(std::abs(out[1]), 0.95 * std::sqrt(out[0] * out[3]));
  for (int i = 0; i < 20000; ++i) covariance.learn(correlated(random), 1.0);
  covariance.shrunk(out);
  EXPECT_NEAR(out[0], 1.0, 0.05);
  EXPECT_NEAR(out[1], 0.8, 0.05);
}

// P(d² > limit) = alpha for normal rows, and d² by hand for a known covariance.
TEST(Mahalanobis, KeepsItsAlphaAndKnowsTheMetric) {
  Philox random(2);
  Mahalanobis method({0.01, 1e6}, 2);
  for (int i = 0; i < 20000; ++i) method.learn(correlated(random));
  int above = 0;
  for (int i = 0; i < 20000; ++i) above += method.statistic(correlated(random)) > 1.0 ? 1 : 0;
  EXPECT_NEAR(above / 20000.0, 0.01, 0.003);
  // z' inverse([1 .8; .8 1]) z = (1 + 1 ∓ 1.6)/.36; the limit is -2 ln .01.
  const double limit = -2.0 * std::log(0.01);
  EXPECT_NEAR(method.statistic(TwoChannels{1.0, 1.0}), 0.4 / 0.36 / limit, 0.02);
  EXPECT_NEAR(method.statistic(TwoChannels{1.0, -1.0}), 3.6 / 0.36 / limit, 0.1);
}

TEST(IncrementalPca, TellsFarWithinFromOutside) {
  Philox random(3);
  IncrementalPca method({0.9, 0.01, 1e6}, 2);
  for (int i = 0; i < 20000; ++i) method.learn(correlated(random));
  EXPECT_EQ(method.components(), 1U);  // Eigenvalues 1.8 and .2: the first holds 90 %.
  int above = 0;
  for (int i = 0; i < 20000; ++i) above += method.statistic(correlated(random)) > 1.0 ? 1 : 0;
  EXPECT_NEAR(above / 20000.0, 0.01, 0.003);
  // 1.5 along the second axis is 1.5²/.2 over the .995 quantile of chi-squared(1), 7.879.
  EXPECT_NEAR(method.statistic(TwoChannels{1.5 / std::sqrt(2.0), -1.5 / std::sqrt(2.0)}),
              1.5 * 1.5 / 0.2 / 7.879, 0.1);
}

/// Methods without a threshold: a far row must be stranger than nearly all normal ones.
template <class M>
void expect_far_rows_stranger(M method) {
  Philox random(4);
  for (int i = 0; i < 1200; ++i) method.learn(correlated(random));
  ASSERT_TRUE(method.ready());
  std::vector<double> normal;
  for (int i = 0; i < 400; ++i) normal.push_back(method.statistic(correlated(random)));
  std::ranges::sort(normal);
  EXPECT_GT(method.statistic(TwoChannels{7.0, -7.0}), normal[380]);
  EXPECT_LT(method.statistic(TwoChannels{0.0, 0.0}), normal[380]);
}

TEST(HalfSpaceTrees, FarRowsAreStranger) { expect_far_rows_stranger(HalfSpaceTrees({}, 2)); }
TEST(Loda, FarRowsAreStranger) { expect_far_rows_stranger(Loda({}, 2)); }
TEST(XStream, FarRowsAreStranger) { expect_far_rows_stranger(XStream({}, 2)); }
TEST(RandomCutForest, FarRowsAreStranger) {
  RandomCutForest::Config config;
  config.shingle = 1;
  expect_far_rows_stranger(RandomCutForest(config, 2));
}

// By hand: one tree of depth 1 over one channel; after a window all in one half, that half holds
// the whole window at the root's child: mass = window·2, the other half none.
TEST(HalfSpaceTrees, MassByHand) {
  HalfSpaceTrees::Config config;
  config.trees = 1;
  config.depth = 1;
  config.window = 10;
  HalfSpaceTrees method(config, 1);
  for (int i = 0; i < 10; ++i) method.learn(std::array<double, 1>{-50.0});
  ASSERT_TRUE(method.ready());
  EXPECT_NEAR(method.statistic(std::array<double, 1>{-50.0}), std::log2(20.0 / 21.0) + 0.0704,
              0.08);
  EXPECT_NEAR(method.statistic(std::array<double, 1>{50.0}), std::log2(20.0), 1e-12);
}

// -ln p of a histogram that saw one bin only: (n + 5)/(n + .5) there, (n + 5)/.5 elsewhere.
TEST(Loda, ProbabilityByHand) {
  Loda::Config config;
  config.projections = 7;
  Loda method(config, 1);
  for (int i = 0; i < 100; ++i) method.learn(std::array<double, 1>{0.1});
  EXPECT_NEAR(method.statistic(std::array<double, 1>{0.1}), std::log(105.0 / 100.5), 1e-12);
  EXPECT_NEAR(method.statistic(std::array<double, 1>{3.9}), std::log(210.0), 1e-12);
}

// A row equal to n others displaces nothing; one far from all displaces all of them.
TEST(RandomCutForest, DisplacementByHand) {
  RandomCutForest::Config config;
  config.rows = 8;
  config.shingle = 1;
  config.trees = 5;
  RandomCutForest method(config, 1);
  for (int i = 0; i < 9; ++i) method.learn(std::array<double, 1>{1.0});
  ASSERT_TRUE(method.ready());
  EXPECT_EQ(method.statistic(std::array<double, 1>{1.0}), 0.0);
  EXPECT_EQ(method.statistic(std::array<double, 1>{40.0}), 8.0);
  // Eight new rows push the old ones out.
  for (int i = 0; i < 8; ++i) method.learn(std::array<double, 1>{-3.0});
  EXPECT_EQ(method.statistic(std::array<double, 1>{-3.0}), 0.0);
  EXPECT_EQ(method.statistic(std::array<double, 1>{1.0}), 8.0);
}

// Adding and removing rows of all kinds keeps one tree with the right counts.
TEST(RandomCutForest, StaysSoundUnderManyRows) {
  RandomCutForest::Config config;
  config.rows = 16;
  config.trees = 3;
  RandomCutForest method(config, 2);
  Philox random(6);
  for (int i = 0; i < 3000; ++i) {
    const double a = static_cast<double>(random.below(4));  // Many duplicates.
    const double b = random.below(2) == 0 ? a : random.normal();
    method.learn(TwoChannels{a, b});
    StateWriter writer;
    if (i % 50 != 0) continue;
    RandomCutForest::state(std::as_const(method), writer);
    RandomCutForest copy(config, 2);
    StateReader reader(writer.bytes());
    RandomCutForest::state(copy, reader);
    ASSERT_TRUE(reader.ok() && reader.at_end()) << i;
  }
}

TEST(Newma, RisesAfterAChangeOfDistributionAndFallsAgain) {
  Philox random(5);
  Newma method({}, 2);
  double calm = 0.0;
  for (int i = 0; i < 2000; ++i) {
    const TwoChannels row = correlated(random);
    if (i > 1000) calm = std::max(calm, method.statistic(row));
    method.learn(row);
  }
  double most = 0.0;
  for (int i = 0; i < 60; ++i) {  // Same means and variances, other dependence.
    TwoChannels row = correlated(random);
    row[1] = -row[1];
    most = std::max(most, method.statistic(row));
    method.learn(row);
  }
  EXPECT_GT(most, calm);
  EXPECT_THROW(Newma({200, 0.01, 0.05, 1}, 2), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
