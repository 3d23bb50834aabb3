#include "emdyn/detect/novelty/spot.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer: peaks over threshold on -ln(1 - u), first 1000 samples.
TEST(TailModel, MatchesTheKnownQuantile) {
  TailModel model(1000, 0.98);
  for (const double u : test::lcg_uniform(1000)) model.learn(-std::log(1.0 - u));
  ASSERT_TRUE(model.ready());
  EXPECT_NEAR(model.threshold(), 3.85753248467985, 1e-12);
  EXPECT_EQ(model.peaks(), 19.0);
  EXPECT_NEAR(model.level_of(1e-4), 7.132067269219823, 2e-3);
}

// Property: an alarm is as rare as q says, for a light and a heavy tail.
TEST(Spot, AlarmsAsRarelyAsAsked) {
  const auto rate = [](auto draw) {
    Philox random(11);
    SpotDetector spot({.q = 1e-3});
    double alarms = 0.0;
    constexpr int kSamples = 200'000;
    for (int i = 0; i < kSamples; ++i) alarms += spot.update(draw(random)) > 1.0;
    return alarms / (1e-3 * kSamples);
  };
  const double light = rate([](Philox& random) { return -std::log(1.0 - random.uniform()); });
  const double heavy = rate([](Philox& random) { return std::pow(1.0 - random.uniform(), -0.25); });
  EXPECT_GT(light, 0.4);
  EXPECT_LT(light, 1.8);
  EXPECT_GT(heavy, 0.4);
  EXPECT_LT(heavy, 1.8);
}

TEST(Spot, SidesAndDriftAsTheNamesSay) {
  Philox random(12);
  SpotDetector upper(SpotDetector::Config{});
  Bispot both(Bispot::Config{});
  Dspot drift(Dspot::Config{});
  for (int i = 0; i < 3000; ++i) {
    const double sample = random.normal();
    upper.update(sample);
    both.update(sample);
    drift.update(sample + 0.01 * i);
  }
  EXPECT_LE(upper.update(-9.0), 1.0);
  EXPECT_GT(both.update(-9.0), 1.0);
  EXPECT_EQ(both.evidence().direction, Direction::fall);
  EXPECT_LT(both.p_value(), 1e-4);
  EXPECT_GT(drift.update(30.0 + 9.0), 1.0);
  EXPECT_LE(drift.update(30.0), 1.0);
}

TEST(Spot, RejectsALevelOfOne) { EXPECT_THROW(SpotDetector({.level = 1.0}), ConfigError); }

}  // namespace
}  // namespace emdyn::detect
