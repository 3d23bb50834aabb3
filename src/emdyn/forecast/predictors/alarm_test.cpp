#include "emdyn/forecast/predictors/alarm.hpp"

#include <gtest/gtest.h>

namespace emdyn::forecast {
namespace {

using Values = std::vector<double>;

TEST(Alarm, CrossingNeedsToHaveBeenBelow) {
  EXPECT_FALSE(crossing(Values{.9, .9, .9}, .5, 1)) << "it started above";
  EXPECT_EQ(crossing(Values{.1, .6}, .5, 1), 1u);
  EXPECT_EQ(crossing(Values{.9, .1, .6}, .5, 1), 2u) << "fell below, then crossed";
  EXPECT_FALSE(crossing(Values{}, .5, 1));
}

TEST(Alarm, CrossingNeedsForecastsInARow) {
  EXPECT_FALSE(crossing(Values{.1, .6, .4, .6, .4}, .5, 2));
  EXPECT_EQ(crossing(Values{.1, .6, .4, .6, .5}, .5, 2), 4u) << "known at the second one";
}

ForecastPath path(Values probability, bool reached, double onset) {
  ForecastPath result;
  for (std::size_t i = 0; i < probability.size(); ++i) {
    result.at.push_back(100.0 * static_cast<double>(i + 1));
  }
  result.probability = std::move(probability);
  result.reached = reached;
  if (reached) result.onset = onset;
  result.deadline = 1000.0;
  return result;
}

TEST(Alarm, JudgesEveryOutcome) {
  const AlarmRule rule{.5, 1, .1};
  const auto hit = judge(path({.1, .7, .8}, true, 350), rule);
  EXPECT_EQ(hit.outcome, AlarmOutcome::hit);
  EXPECT_DOUBLE_EQ(*hit.crossed_at, 200.0);
  EXPECT_DOUBLE_EQ(*hit.lead, 150.0);
  EXPECT_EQ(judge(path({.1, .7, .8}, true, 150), rule).outcome, AlarmOutcome::late);
  EXPECT_EQ(judge(path({.1, .7, .8}, true, 200), rule).outcome, AlarmOutcome::late);
  EXPECT_EQ(judge(path({.9, .7, .8}, true, 350), rule).outcome, AlarmOutcome::started_above);
  EXPECT_EQ(judge(path({.1, .2, .3}, true, 350), rule).outcome, AlarmOutcome::missed);
  EXPECT_EQ(judge(path({.1, .7, .3}, false, 0), rule).outcome, AlarmOutcome::false_alarm);
  EXPECT_EQ(judge(path({.9, .9, .9}, false, 0), rule).outcome, AlarmOutcome::quiet);
}

TEST(Alarm, ThresholdKeepsTheBudget) {
  std::vector<ForecastPath> paths;
  for (int i = 0; i < 10; ++i) {  // one run in ten that never reaches peaks at .6, the rest at .3
    paths.push_back(path({.1, i == 0 ? .605 : .305, .2}, false, 0));
    paths.push_back(path({.1, .4, .705}, true, 400));
  }
  const AlarmRule strict = freeze_threshold(paths, 1, 0.0);
  EXPECT_GT(strict.threshold, .605);
  EXPECT_LE(strict.threshold, .705);
  const AlarmRule lenient = freeze_threshold(paths, 1, 0.1);
  EXPECT_GT(lenient.threshold, .305);
  EXPECT_LE(lenient.threshold, .4) << "the longer lead wins among equal hits";
}

TEST(Alarm, NeverFiresWhereNothingKeepsTheBudget) {
  const std::vector<ForecastPath> paths{path({.1, .999}, false, 0), path({.1, .999}, true, 400)};
  EXPECT_GT(freeze_threshold(paths, 1, 0.0).threshold, 1.0);
}

}  // namespace
}  // namespace emdyn::forecast
