#include "emdyn/detect/drift/hddm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer, by hand: Hoeffding's bound for a prefix of 50 zeros and 50 ones after it.
TEST(HddmA, UsesHoeffdingsBound) {
  HddmA hddm(HddmA::Config{});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(hddm.update(0.0), 0.0);
  double score = 0.0;
  for (int i = 0; i < 50; ++i) score = hddm.update(1.0);
  const double bound = std::sqrt(0.5 * (50.0 / (50.0 * 100.0)) * std::log(2.0 / 0.001));
  EXPECT_NEAR(score, 0.5 / bound, 1e-12);
  EXPECT_EQ(hddm.evidence().direction, Direction::rise);
  EXPECT_EQ(hddm.evidence().onset_samples_ago, 49U);
}

// Known answer, by hand: McDiarmid's bound of two weighted averages, lambda 0.5.
TEST(HddmW, UsesMcDiarmidsBound) {
  HddmW hddm({.drift_alpha = 0.01, .lambda = 0.5});
  hddm.update(0.0);
  EXPECT_EQ(hddm.update(0.0), 0.0);
  // Averages: before {0, weights 1/4 + 1/4 = 0.5}, after {1, weight 1}.
  EXPECT_NEAR(hddm.update(1.0), 1.0 / std::sqrt(1.5 * 0.5 * std::log(100.0)), 1e-12);
}

template <class D>
double false_alarms(double rate, int runs) {
  int alarms = 0;
  for (int run = 0; run < runs; ++run) {
    Philox random(static_cast<std::uint64_t>(run));
    D detector({});
    bool alarm = false;
    for (int i = 0; i < 1000; ++i) {
      alarm |= detector.update(random.uniform() < rate ? 1.0 : 0.0) > 1.0;
    }
    alarms += alarm;
  }
  return static_cast<double>(alarms) / runs;
}

// Property: streams of constant rate rarely alarm.
TEST(Hddm, RarelyAlarmsOnAConstantRate) {
  EXPECT_LE(false_alarms<HddmA>(0.2, 200), 0.1);
  EXPECT_LE(false_alarms<HddmW>(0.2, 200), 0.25);
}

TEST(Hddm, FallsCountOnlyWhenAsked) {
  HddmA rises(HddmA::Config{});
  HddmA both({.two_sided = true});
  HddmW rises_w(HddmW::Config{});
  HddmW both_w({.two_sided = true});
  double most[4] = {};
  for (int i = 0; i < 400; ++i) {
    const double sample = i < 200 ? 0.9 : 0.1;
    most[0] = std::max(most[0], rises.update(sample));
    most[1] = std::max(most[1], both.update(sample));
    most[2] = std::max(most[2], rises_w.update(sample));
    most[3] = std::max(most[3], both_w.update(sample));
  }
  EXPECT_LE(most[0], 1.0);
  EXPECT_GT(most[1], 1.0);
  EXPECT_LE(most[2], 1.0);
  EXPECT_GT(most[3], 1.0);
}

TEST(Hddm, RejectsAnImpossibleAlpha) {
  EXPECT_THROW(HddmA({.drift_alpha = 0.0}), ConfigError);
  EXPECT_THROW(HddmW({.lambda = 0.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
