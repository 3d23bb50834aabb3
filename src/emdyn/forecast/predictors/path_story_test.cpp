#include "emdyn/forecast/predictors/path_story.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace emdyn::forecast {
namespace {

std::vector<series::Forecast> path_of(const std::vector<double>& probabilities) {
  std::vector<series::Forecast> path;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    series::Forecast one;
    one.at = 100.0 * static_cast<double>(i + 1);
    one.probability = series::Interval{0.0, probabilities[i], 1.0, 0.9};
    path.push_back(one);
  }
  return path;
}

std::string told(const std::vector<double>& probabilities) {
  return words(path_story(path_of(probabilities), 0.5), 0.5);
}

TEST(PathStory, ACrossingMustLast) {
  EXPECT_EQ(told({0.1, 0.59, 0.4, 0.32}), "touched 59 % once at 200, fell back to 32 %");
  EXPECT_EQ(told({0.1, 0.59, 0.62, 0.32}), "touched 62 % at 300, fell back to 32 %");
  EXPECT_EQ(told({0.1, 0.59, 0.2, 0.7, 0.8}), "passed 50 % at 400 and stayed above");
  EXPECT_EQ(told({0.1, 0.42, 0.2}), "stayed below 50 %, highest 42 % at 200");
  EXPECT_EQ(told({0.1, 0.55}), "touched 55 % once at 200, too late to tell if it lasts");
  EXPECT_EQ(told({}), "no forecast was made");
}

TEST(PathStory, AbstentionsAreNoForecasts) {
  auto path = path_of({0.6, 0.7});
  path[1].status = series::ForecastStatus::abstained;
  const PathStory story = path_story(path, 0.5);
  EXPECT_EQ(story.forecasts, 1U);
  EXPECT_FALSE(story.passed_at);
  EXPECT_EQ(path_story(path, std::nullopt).above, 0U);
}

TEST(PathStory, WhatWasReachedMayBeLost) {
  series::Signal accuracy{.name = "accuracy"};
  for (int step = 0; step <= 1000; step += 10) accuracy.append(step, step < 450 ? 0.1 : 0.95);
  Target target;
  target.deadline = 1000.0;
  EXPECT_EQ(words(reached_story(accuracy, target)), "reached at 450");
  for (double& value : std::span(accuracy.values).subspan(80)) value = 0.2;
  EXPECT_EQ(words(reached_story(accuracy, target)), "reached at 450, lost at 800");
  for (double& value : accuracy.values) value = 0.2;
  EXPECT_EQ(words(reached_story(accuracy, target)), "not reached");
}

TEST(PathStory, AShortReasonNamesOneThing) {
  EXPECT_EQ(
      short_reason("predictor grok needs: role test_accuracy is missing: name the signal "
                   "with --role test_accuracy=SIGNAL (signals: a, b, c); setting weight_decay"),
      "role test_accuracy is missing: name the signal with --role test_accuracy=SIGNAL");
  EXPECT_EQ(short_reason("the deadline has passed"), "the deadline has passed");
}

}  // namespace
}  // namespace emdyn::forecast
