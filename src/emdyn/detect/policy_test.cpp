#include "emdyn/detect/policy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/state.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

// Property: learned p-values are calibrated, for light and heavy tails, in body and tail.
TEST(Calibrator, ItsPValuesAreCalibrated) {
  const auto exponential = [](Philox& random) { return -std::log(1.0 - random.uniform()); };
  const auto normal = [](Philox& random) { return std::abs(random.normal()); };
  const auto pareto = [](Philox& random) { return std::pow(1.0 - random.uniform(), -0.2) - 1.0; };
  const auto check = [](auto draw) {
    Philox random(4);
    Calibrator calibrator;
    double tenth = 0.0;
    double hundredth = 0.0;
    double thousandth = 0.0;
    constexpr double kSamples = 200'000;
    for (double i = 0; i < kSamples; ++i) {
      const double score = draw(random);
      const double p = calibrator.p_value(score);
      tenth += p <= 0.1;
      hundredth += p <= 0.01;
      thousandth += p <= 0.001;
      calibrator.learn(score);
    }
    EXPECT_NEAR(tenth / (0.1 * kSamples), 1.0, 0.35);
    EXPECT_NEAR(hundredth / (0.01 * kSamples), 1.0, 0.25);
    EXPECT_NEAR(thousandth / (0.001 * kSamples), 1.0, 0.6);
  };
  check(exponential);
  check(normal);
  check(pareto);
}

TEST(Calibrator, IsSilentUntilItKnows) {
  Calibrator calibrator;
  EXPECT_EQ(calibrator.p_value(1e9), 1.0);
  calibrator.learn(1.0);
  EXPECT_EQ(calibrator.p_value(1e9), 1.0);
}

TEST(Calibrator, EqualScoresAreNoSurprise) {
  Calibrator calibrator;
  for (int i = 0; i < 1000; ++i) calibrator.learn(0.0);
  EXPECT_EQ(calibrator.p_value(0.0), 1.0);
  EXPECT_LT(calibrator.p_value(1.0), 0.01);
}

// Property: alarms of a correct null stay within the budget.
TEST(AlarmPolicy, KeepsItsBudget) {
  Philox random(12);
  AlarmPolicy policy({.alpha = 1e-3, .refractory_samples = 0});
  int alarms = 0;
  constexpr int kSamples = 400'000;
  for (int i = 0; i < kSamples; ++i) {
    const double z = std::abs(random.normal());
    alarms += policy.step(z / 3.0, math::two_sided_normal(z)).alarm;
  }
  EXPECT_LE(alarms, 1.15e-3 * kSamples);
  EXPECT_GE(alarms, 0.4e-3 * kSamples);
}

// Known answer, by hand.
TEST(AlarmPolicy, RefractoryAndHysteresisSilenceRepeats) {
  AlarmPolicy policy({.rule = AlarmPolicy::Rule::textbook, .refractory_samples = 3});
  const auto alarms = [&](double score) { return policy.step(score, std::nullopt).alarm; };
  EXPECT_TRUE(alarms(4.0));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(alarms(4.0));  // The score never fell.
  EXPECT_FALSE(alarms(0.5));
  EXPECT_TRUE(alarms(1.2));
  EXPECT_FALSE(alarms(0.1));  // It fell, but three samples must pass.
  EXPECT_FALSE(alarms(9.0));
  EXPECT_TRUE(alarms(9.0));
  EXPECT_FALSE(alarms(9.0));
  policy.rearm();
  EXPECT_FALSE(alarms(9.0));
  EXPECT_TRUE(alarms(9.0));
}

TEST(AlarmPolicy, SkippedTimeCountsAsSilence) {
  AlarmPolicy policy(
      {.rule = AlarmPolicy::Rule::textbook, .refractory_samples = 100, .hysteresis = 1.0});
  EXPECT_TRUE(policy.step(2.0, std::nullopt).alarm);
  EXPECT_FALSE(policy.step(2.0, std::nullopt).alarm);
  policy.skip(100);
  EXPECT_TRUE(policy.step(2.0, std::nullopt).alarm);
}

TEST(AlarmPolicy, SaysWhatItDoes) {
  EXPECT_EQ(AlarmPolicy({.alpha = 1e-4, .refractory_samples = 7}).text(),
            "p <= 0.0001 per sample, 7 samples refractory");
}

TEST(AlarmPolicy, RejectsAnImpossibleBudget) {
  EXPECT_THROW(AlarmPolicy({.alpha = 0.0}), ConfigError);
  EXPECT_THROW(AlarmPolicy({.hysteresis = 2.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
