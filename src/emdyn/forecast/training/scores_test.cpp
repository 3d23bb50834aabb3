#include "emdyn/forecast/training/scores.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"

namespace emdyn::forecast {
namespace {

using Numbers = std::vector<double>;

TEST(Scores, AucByHand) {
  // Positives .8 .4, negatives .5 .4 .1: of 6 pairs 4 are right and one is tied.
  EXPECT_DOUBLE_EQ(*auc(Numbers{.8, .4, .5, .4, .1}, Numbers{1, 1, 0, 0, 0}), 4.5 / 6.0);
  EXPECT_DOUBLE_EQ(*auc(Numbers{1, 2, 3}, Numbers{0, 0, 1}), 1.0);
  EXPECT_DOUBLE_EQ(*auc(Numbers{5, 5, 5}, Numbers{0, 1, 1}), 0.5);
  EXPECT_FALSE(auc(Numbers{1, 2}, Numbers{1, 1}));
}

TEST(Scores, AucOfNegatedScoresIsTheComplement) {
  Philox random(1);
  Numbers scores, negated, labels;
  for (int i = 0; i < 300; ++i) {
    scores.push_back(std::floor(10.0 * random.uniform()));
    negated.push_back(-scores.back());
    labels.push_back(random.below(2));
  }
  EXPECT_NEAR(*auc(scores, labels) + *auc(negated, labels), 1.0, 1e-12);
}

TEST(Scores, WeightsCountAsRepeatedRows) {
  EXPECT_DOUBLE_EQ(*auc(Numbers{.8, .4, .6}, Numbers{1, 1, 0}, Numbers{2, 1, 1}), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(*brier(Numbers{.8, .4}, Numbers{1, 0}, Numbers{3, 1}), (3 * .04 + .16) / 4.0);
}

TEST(Scores, BrierByHand) {
  EXPECT_DOUBLE_EQ(*brier(Numbers{1, 0, .5}, Numbers{1, 0, 1}), .25 / 3.0);
  EXPECT_FALSE(brier(Numbers{}, Numbers{}));
}

TEST(Scores, ReliabilityByHand) {
  const std::vector<std::size_t> groups{0, 0, 1, 2};
  const auto bins = reliability(Numbers{.05, .07, .95, 1.0}, Numbers{0, 1, 1, 1}, groups);
  ASSERT_EQ(bins.size(), 2u);
  EXPECT_NEAR(bins[0].predicted, .06, 1e-12);
  EXPECT_NEAR(bins[0].observed, .5, 1e-12);
  EXPECT_EQ(bins[0].groups, 1u);
  EXPECT_EQ(bins[1].count, 2u);
  EXPECT_EQ(bins[1].groups, 2u);
  EXPECT_NEAR(calibration_error(bins), (2 * .44 + 2 * .025) / 4.0, 1e-12);
}

TEST(Scores, CalibrationLineFindsOverconfidence) {
  Philox random(5);
  Numbers honest, doubled, labels;
  for (int i = 0; i < 20000; ++i) {
    honest.push_back(2.0 * random.normal());
    doubled.push_back(2.0 * honest.back());
    labels.push_back(random.uniform() < sigmoid(honest.back()) ? 1.0 : 0.0);
  }
  const auto line = calibration_line(honest, labels);
  ASSERT_TRUE(line);
  EXPECT_NEAR(line->slope, 1.0, 0.05);
  EXPECT_NEAR(line->intercept, 0.0, 0.05);
  EXPECT_NEAR(calibration_line(doubled, labels)->slope, 0.5, 0.025);
  EXPECT_FALSE(calibration_line(Numbers{1, 2}, Numbers{1, 1}));
  EXPECT_FALSE(calibration_line(Numbers{1, 1}, Numbers{0, 1}));
}

}  // namespace
}  // namespace emdyn::forecast
