#include "emdyn/forecast/tabular/boosting.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"
#include "emdyn/forecast/tabular/model_json.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct Sample {
  FeatureTable features{3, {}};
  std::vector<double> labels;
};

// Log-odds 2 x0 - 1.5 x1^2 + 1, x2 is noise.
Sample boosting_sample(std::size_t rows, std::uint64_t seed) {
  Sample sample;
  Philox random(seed, 3);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::array<double, 3> x{random.normal(), random.normal(), random.normal()};
    sample.features.add(x);
    const double p = sigmoid(2.0 * x[0] - 1.5 * x[1] * x[1] + 1.0);
    sample.labels.push_back(random.uniform() < p ? 1.0 : 0.0);
  }
  return sample;
}

TEST(Bins, OneBinAValueOrEqualShares) {
  const FeatureTable few{1, {3.0, 1.0, 2.0, 1.0, kMissing}};
  const Bins bins = Bins::of(few);
  EXPECT_EQ(bins.cuts[0], (std::vector<double>{1.5, 2.5}));
  EXPECT_EQ(bins.bin(0, 1.4), 0u);
  EXPECT_EQ(bins.bin(0, 1.5), 1u) << "a cut belongs to the bin above";
  EXPECT_EQ(bins.bin(0, kMissing), 3u);
  FeatureTable many{1, {}};
  for (int i = 0; i < 1000; ++i) many.values.push_back(i * i);
  const Bins equal = Bins::of(many, 10);
  ASSERT_EQ(equal.count(0), 10u);
  std::vector<std::size_t> rows(10);
  for (const double x : many.values) ++rows[equal.bin(0, x)];
  for (const std::size_t each : rows) EXPECT_EQ(each, 100u);
}

TEST(Bins, RefusesInfinityByPlace) {
  const FeatureTable table{2, {1.0, 2.0, 1.0, std::numeric_limits<double>::infinity()}};
  try {
    Bins::of(table);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("feature 2 of row 2"), std::string::npos);
  }
  EXPECT_THROW(Bins::of(FeatureTable{1, {1.0}}, 1), ConfigError);
}

TEST(GrowTree, StumpIsTheNewtonStepByHand) {
  const FeatureTable table{1, {1.0, 2.0, 3.0, 4.0}};
  const Bins bins = Bins::of(table);
  const BinnedTable binned(table, bins);
  const std::vector<double> g{1.0, 1.0, -2.0, -4.0};
  const std::vector<double> h{1.0, 1.0, 1.0, 1.0};
  Philox random(1);
  const DecisionTree tree = grow_tree(binned, bins, g, h, {0, 1, 2, 3},
                                      {.depth = 1, .fewest = 1.0, .penalty = 1.0}, random);
  ASSERT_EQ(tree.nodes.size(), 3u);
  EXPECT_EQ(tree.nodes[0].threshold, 2.5);
  EXPECT_DOUBLE_EQ(tree.predict(std::vector{1.0}), -2.0 / 3.0);
  EXPECT_DOUBLE_EQ(tree.predict(std::vector{9.0}), 6.0 / 3.0);
  EXPECT_EQ(tree.nodes[1].cover, 2.0);
}

TEST(GrowTree, MissingValuesLearnTheirSide) {
  FeatureTable table{1, {}};
  std::vector<double> labels;
  for (int i = 0; i < 100; ++i) {
    table.values.push_back(i % 3 == 0 ? kMissing : i % 3 == 1 ? 0.0 : 1.0);
    labels.push_back(i % 3 == 2 ? 0.0 : 1.0);  // Missing ones behave as the zeros.
  }
  const auto model =
      fit_boosted(table, labels, {}, {.trees = 20, .rate = 0.3, .fewest = 0.0, .row_share = 1.0});
  EXPECT_GT(model.predict(std::vector{kMissing}), 0.5);
  EXPECT_DOUBLE_EQ(model.predict(std::vector{kMissing}), model.predict(std::vector{0.0}));
  EXPECT_LT(model.predict(std::vector{1.0}), -0.5);
}

TEST(Boosting, LearnsACurveThatALineCannot) {
  const Sample train = boosting_sample(4000, 1);
  const Sample test = boosting_sample(2000, 2);
  const auto trees = fit_boosted(train.features, train.labels, {});
  const auto line = fit_logistic(train.features, train.labels, {}, {});
  double of_trees = 0.0, of_line = 0.0;
  for (std::size_t i = 0; i < test.labels.size(); ++i) {
    const auto row = test.features.row(i);
    of_trees += std::pow(sigmoid(trees.predict(row)) - test.labels[i], 2);
    of_line += std::pow(line.probability(row) - test.labels[i], 2);
  }
  EXPECT_LT(of_trees, 0.9 * of_line);
}

TEST(Boosting, NeverFallsWhereItMayNot) {
  Sample train = boosting_sample(1500, 4);
  // The truth rises and falls again; the model may only rise.
  for (std::size_t i = 0; i < train.labels.size(); ++i) {
    const auto row = train.features.row(i);
    train.labels[i] = std::abs(row[0]) < 0.7 ? 1.0 : 0.0;
  }
  BoostOptions options{.trees = 60, .rate = 0.2, .depth = 4, .monotone = {1, 0, -1}};
  const auto model = fit_boosted(train.features, train.labels, {}, options);
  Philox random(9);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> row{random.normal(), random.normal(), random.normal()};
    double last_up = -1e9, last_down = 1e9;
    for (double x = -3.0; x <= 3.0; x += 0.1) {
      row[0] = x;
      const double up = model.predict(row);
      ASSERT_GE(up, last_up - 1e-12);
      last_up = up;
    }
    for (double x = -3.0; x <= 3.0; x += 0.1) {
      row[2] = x;
      const double down = model.predict(row);
      ASSERT_LE(down, last_down + 1e-12);
      last_down = down;
    }
  }
}

TEST(Boosting, SameForAnyNumberOfThreadsAndFromItsFile) {
  const Sample train = boosting_sample(600, 5);
  std::string texts[2];
  for (std::size_t threads : {1u, 2u}) {
    const ThreadLimit limit(threads);
    texts[threads - 1] =
        json_text(model_json(fit_boosted(train.features, train.labels, {}))) +
        json_text(model_json(fit_forest(train.features, train.labels, {.trees = 8})));
  }
  EXPECT_EQ(texts[0], texts[1]);
  const auto model = fit_boosted(train.features, train.labels, {});
  const auto read = trees_from_json(parse_json(json_text(model_json(model)), "test"));
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(model.predict(train.features.row(i)), read.predict(train.features.row(i)));
  }
}

TEST(Boosting, RefusesWhatCannotBeLearned) {
  const Sample train = boosting_sample(50, 6);
  const std::vector<double> ones(50, 1.0);
  EXPECT_THROW(fit_boosted(train.features, ones, {}), DataError);
  EXPECT_THROW(fit_boosted(train.features, std::vector{1.0}, {}), DataError);
  EXPECT_THROW(fit_boosted(train.features, train.labels, {}, {.rate = 0.0}), ConfigError);
  EXPECT_THROW(fit_boosted(train.features, train.labels, {}, {.monotone = {1}}), ConfigError);
  EXPECT_THROW(fit_forest(FeatureTable{1, {}}, {}), DataError);
}

TEST(Forest, MeanOfItsTreesAndOutcomeInAnyUnit) {
  FeatureTable table{2, {}};
  std::vector<double> outcome, tiny;
  Philox random(3);
  for (int i = 0; i < 800; ++i) {
    const std::array<double, 2> x{random.uniform(), random.uniform()};
    table.add(x);
    outcome.push_back(x[0] > 0.5 ? 3.0 : 1.0);
    tiny.push_back(1e-9 * outcome.back() + 5.0);
  }
  const auto forest = fit_forest(table, outcome, {.trees = 16});
  EXPECT_NEAR(forest.predict(std::vector{0.9, 0.2}), 3.0, 0.05);
  EXPECT_NEAR(forest.predict(std::vector{0.1, 0.2}), 1.0, 0.05);
  const auto small = fit_forest(table, tiny, {.trees = 16});
  EXPECT_NEAR((small.predict(std::vector{0.9, 0.2}) - 5.0) / 1e-9, 3.0, 0.1);
}

TEST(ModelFile, RefusesTreesThatGoNowhereAndAlteredFiles) {
  const Sample train = boosting_sample(100, 7);
  Json json = model_json(fit_boosted(train.features, train.labels, {}, {.trees = 2}));
  Json circle = json;
  circle["trees"][0]["left"][0] = 0;
  EXPECT_THROW(trees_from_json(circle), DataError);
  Json outside = json;
  outside["trees"][0]["feature"][0] = 7;
  EXPECT_THROW(trees_from_json(outside), DataError);
  Json seal = sealed(json);
  EXPECT_NO_THROW(checked_seal(seal, "x"));
  seal["base"] = 0.25;
  EXPECT_THROW(checked_seal(seal, "x"), DataError);
  EXPECT_THROW(checked_seal(json, "x"), DataError);
}

}  // namespace
}  // namespace emdyn::forecast
