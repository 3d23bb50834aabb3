#include "emdyn/forecast/tabular/survival.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/tabular/additive.hpp"
#include "emdyn/forecast/tabular/boosting.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"

namespace emdyn::forecast {
namespace {

// Events at 0, 1, 1, 3; censored at 1, 2, 3.
const SurvivalTimes kSmall{4, {0, 1, 1, 3, 1, 2, 3}, {true, true, true, true, false, false, false}};

TEST(KaplanMeier, ByHand) {
  const auto curve = kaplan_meier(kSmall);
  ASSERT_EQ(curve.size(), 4u);
  EXPECT_DOUBLE_EQ(curve[0], 6.0 / 7.0);
  EXPECT_DOUBLE_EQ(curve[1], 6.0 / 7.0 * 4.0 / 6.0);
  EXPECT_DOUBLE_EQ(curve[2], 6.0 / 7.0 * 4.0 / 6.0);
  EXPECT_DOUBLE_EQ(curve[3], 6.0 / 7.0 * 4.0 / 6.0 * 0.5);
}

TEST(PersonPeriods, OneRowForEachIntervalLived) {
  const FeatureTable features{1, {10.0, 20.0}};
  const auto rows = person_periods(features, {5, {2, 1}, {true, false}});
  EXPECT_EQ(rows.features.values, (std::vector<double>{10, 0, 10, 1, 10, 2, 20, 0, 20, 1}));
  EXPECT_EQ(rows.labels, (std::vector<double>{0, 0, 1, 0, 0}));
  EXPECT_EQ(rows.subjects, (std::vector<std::size_t>{0, 0, 0, 1, 1}));
}

SurvivalTimes drawn_times(std::size_t subjects, std::uint64_t seed, std::span<const double> x) {
  SurvivalTimes times{6, {}, {}};
  Philox random(seed);
  for (std::size_t i = 0; i < subjects; ++i) {
    std::size_t k = 0;
    bool event = false;
    for (; k < 6; ++k) {
      const double hazard = sigmoid(-2.0 + (x.empty() ? 0.3 * static_cast<double>(k) : x[i]));
      if (random.uniform() < hazard) {
        event = true;
        break;
      }
      if (random.uniform() < 0.05) break;
    }
    times.last.push_back(std::min<std::size_t>(k, 5));
    times.event.push_back(event);
  }
  return times;
}

// Both learners without features: the product-limit estimate itself.
TEST(Survival, WithoutFeaturesIsKaplanMeier) {
  const SurvivalTimes times = drawn_times(1500, 1, {});
  const auto known = kaplan_meier(times);
  const auto rows = person_periods(FeatureTable{}, times);
  const BoostOptions boost{.trees = 300,
                           .rate = 0.3,
                           .depth = 3,
                           .fewest = 0.0,
                           .penalty = 0.0,
                           .row_share = 1.0,
                           .column_share = 1.0};
  const auto trees = fit_boosted(rows.features, rows.labels, {}, boost);
  const auto shapes = fit_additive(
      rows.features, rows.labels, {},
      {.rounds = 300, .rate = 0.3, .pairs = 0, .bags = 1, .penalty = 0.0, .fewest = 0.0});
  const auto by_trees =
      survival_curve([&](auto row) { return sigmoid(trees.predict(row)); }, {}, 6);
  const auto by_shapes =
      survival_curve([&](auto row) { return sigmoid(shapes.log_odds(row)); }, {}, 6);
  for (std::size_t k = 0; k < 6; ++k) {
    EXPECT_NEAR(by_trees[k], known[k], 1e-6);
    EXPECT_NEAR(by_shapes[k], known[k], 1e-6);
  }
}

TEST(Survival, EarlierWhereTheRiskIsHigher) {
  std::vector<double> x;
  Philox random(4);
  for (int i = 0; i < 800; ++i) x.push_back(1.5 * random.normal());
  const SurvivalTimes times = drawn_times(800, 2, x);
  const auto rows = person_periods(FeatureTable{1, x}, times);
  const auto trees = fit_boosted(rows.features, rows.labels, {});
  const auto curve = [&](double at) {
    return survival_curve([&](auto row) { return sigmoid(trees.predict(row)); }, std::array{at}, 6);
  };
  EXPECT_LT(curve(2.0).back(), 0.3);
  EXPECT_GT(curve(-2.0).back(), 0.6);
  EXPECT_LT(*time_to(curve(2.0), 0.5), 4u);
  EXPECT_FALSE(time_to(curve(-2.0), 0.5));
  std::vector<double> risk;
  for (const double at : x) risk.push_back(-curve(at).back());
  EXPECT_GT(*concordance(times, risk), 0.7);
}

TEST(Concordance, ByHandAndWithTies) {
  const SurvivalTimes times{4, {0, 1, 2}, {true, true, false}};
  EXPECT_DOUBLE_EQ(*concordance(times, std::array{3.0, 2.0, 1.0}), 1.0);
  EXPECT_DOUBLE_EQ(*concordance(times, std::array{1.0, 2.0, 3.0}), 0.0);
  EXPECT_DOUBLE_EQ(*concordance(times, std::array{1.0, 1.0, 1.0}), 0.5);
  EXPECT_FALSE(concordance({4, {1, 2}, {false, false}}, std::array{1.0, 2.0}));
}

TEST(Survival, RefusesTimesBeyondTheEnd) {
  EXPECT_THROW(kaplan_meier({2, {2}, {true}}), DataError);
  EXPECT_THROW(kaplan_meier({2, {}, {}}), DataError);
  EXPECT_THROW(person_periods(FeatureTable{1, {1.0}}, {2, {0, 1}, {true, true}}), DataError);
}

}  // namespace
}  // namespace emdyn::forecast
