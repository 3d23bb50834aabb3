#include "emdyn/detect/level/page_hinkley.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer: one-sided, threshold 5, began anew after each alarm.
TEST(PageHinkley, FindsTheKnownAlarmsOfTheKnownStream) {
  PageHinkley test({.threshold = 5.0, .side = PageHinkley::Side::rise});
  const auto stream = test::stream_z();
  std::vector<std::size_t> alarms;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (test.update(stream[i]) <= 1.0) continue;
    alarms.push_back(i);
    test.reset();
  }
  EXPECT_EQ(alarms, (std::vector<std::size_t>{118, 1005, 1306}));
}

// Known answer, by hand: without fading or allowance, 4 zeros then a 5 leave 5 - 1 above the mean.
TEST(PageHinkley, SumsDeviationsFromTheRunningMean) {
  PageHinkley test({.delta = 0.0, .threshold = 8.0, .alpha = 1.0, .warmup_samples = 1});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(test.update(0.0), 0.0);
  EXPECT_DOUBLE_EQ(test.update(5.0), 0.5);
  EXPECT_EQ(test.evidence().direction, Direction::rise);
  EXPECT_EQ(test.evidence().onset_samples_ago, 0U);
}

// Property: mirrored samples give mirrored evidence; a side that is not watched stays silent.
TEST(PageHinkley, WatchesTheSidesItIsToldTo) {
  PageHinkley both(PageHinkley::Config{});
  PageHinkley rise({.side = PageHinkley::Side::rise});
  PageHinkley fall({.side = PageHinkley::Side::fall});
  const auto stream = test::shifted(Domain::real, 3, -1.0);
  double most = 0.0;
  for (const double sample : stream) {
    const double down = fall.update(sample);
    EXPECT_EQ(both.update(sample), std::max(down, rise.update(sample)));
    most = std::max(most, down);
  }
  EXPECT_GT(most, 1.0);
  EXPECT_EQ(both.evidence().direction, Direction::fall);
}

TEST(PageHinkley, RejectsAThresholdOfZero) {
  EXPECT_THROW(PageHinkley({.threshold = 0.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
