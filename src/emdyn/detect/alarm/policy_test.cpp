#include "emdyn/detect/alarm/policy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

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

// The same budget as a run length; false alarms of independent scores are apart by it.
TEST(AlarmPolicy, KeepsItsRunLength) {
  Philox random(13);
  AlarmPolicy policy({.arl0_samples = 500.0, .refractory_samples = 0, .hysteresis = 1.0});
  int alarms = 0;
  constexpr int kSamples = 400'000;
  for (int i = 0; i < kSamples; ++i) alarms += policy.step(random.uniform(), std::nullopt).alarm;
  EXPECT_NEAR(kSamples / (500.0 * alarms), 1.0, 0.1);
  EXPECT_THROW(AlarmPolicy({.arl0_samples = 1.0}), ConfigError);
}

// Property: every calibrator keeps the budget on a null it is made for, discrete ones included.
TEST(AlarmPolicy, EveryCalibratorKeepsItsBudget) {
  for (const auto kind : {Calibrator::Kind::pot, Calibrator::Kind::empirical,
                          Calibrator::Kind::conformal, Calibrator::Kind::gaussian}) {
    Philox random(14);
    AlarmPolicy policy(
        {.alpha = 2e-3, .refractory_samples = 0, .hysteresis = 1.0, .calibrator = kind});
    int alarms = 0;
    constexpr int kSamples = 100'000;
    for (int i = 0; i < kSamples; ++i) {
      alarms += policy.step(20.0 + random.normal(), std::nullopt).alarm;
    }
    EXPECT_NEAR(alarms / (2e-3 * kSamples), 1.0, 0.25) << static_cast<int>(kind);
  }
}

TEST(AlarmPolicy, AnomaliesBeyondTheBudgetDoNotBecomeNormal) {
  Philox random(15);
  AlarmPolicy policy;
  int found = 0;
  for (int i = 1; i <= 20'000; ++i) {
    const double z = i % 200 == 0 ? 9.0 : std::abs(random.normal());
    found += policy.step(z / 3.0, math::two_sided_normal(z)).alarm && i % 200 == 0;
  }
  EXPECT_EQ(found, 100);
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

// Known answer, by hand: arms at 2, disarms at 1.2, whatever the alarm's own score was.
TEST(AlarmPolicy, ArmsAndDisarmsAtLevelsOfTheirOwn) {
  AlarmPolicy policy({.rule = AlarmPolicy::Rule::textbook,
                      .refractory_samples = 0,
                      .arm_score = 2.0,
                      .disarm_score = 1.2});
  const auto alarms = [&](double score) { return policy.step(score, std::nullopt).alarm; };
  EXPECT_FALSE(alarms(2.0));
  EXPECT_TRUE(alarms(2.1));
  EXPECT_FALSE(alarms(1.3));  // Wavering between the levels: one alarm.
  EXPECT_FALSE(alarms(9.0));
  EXPECT_FALSE(alarms(1.2));
  EXPECT_TRUE(alarms(9.0));
  EXPECT_FALSE(alarms(4.5));  // Half of 9, which is not the level.
  EXPECT_FALSE(alarms(9.0));
  EXPECT_EQ(policy.text(), "score > 2, 0 samples refractory, armed again at score <= 1.2");
}

// The same with p-values: one alarm an excursion that wavers about alpha.
TEST(AlarmPolicy, IsArmedAgainAtAPValue) {
  const auto count = [](double disarm_p, double hysteresis) {
    AlarmPolicy policy(
        {.alpha = 1e-3, .refractory_samples = 0, .hysteresis = hysteresis, .disarm_p = disarm_p});
    Philox random(21);
    int alarms = 0;
    for (int t = 0; t < 12'000; ++t) {
      const bool excursion = t % 2000 >= 1000 && t % 2000 < 1006;
      const double z = excursion ? (t % 2 == 0 ? 6.0 : 2.5) : std::abs(random.normal()) * 0.5;
      const double p = math::two_sided_normal(z);
      alarms += policy.step(z, p).alarm;
    }
    return alarms;
  };
  EXPECT_EQ(count(0.1, 0.5), 6);   // 2.5 deviations, p = 0.012, do not arm again.
  EXPECT_EQ(count(0.0, 0.5), 18);  // 2.5 is less than half of 6.
}

TEST(AlarmPolicy, RejectsLevelsThatDoNotBracket) {
  EXPECT_THROW(AlarmPolicy({.alpha = 1e-3, .disarm_p = 1e-4}), ConfigError);
  EXPECT_THROW(AlarmPolicy({.rule = AlarmPolicy::Rule::textbook, .disarm_score = 1.5}),
               ConfigError);
  EXPECT_THROW(AlarmPolicy({.disarm_score = 0.5, .disarm_p = 0.5}), ConfigError);
}

// A detector that prices its alarms itself is believed where what was seen would make p larger, and
// its score, however high, alarms at no lower price.
TEST(AlarmPolicy, TrustsADetectorsPrice) {
  for (const bool trusts : {false, true}) {
    AlarmPolicy policy({.refractory_samples = 0, .hysteresis = 1.0, .trusts_null = trusts});
    Philox random(22);
    for (int t = 0; t < 3000; ++t) {
      policy.step(0.1, std::pow(random.uniform(), 3.0));  // Far too often far too small.
    }
    EXPECT_EQ(policy.step(0.1, 1e-9).alarm, trusts);
    EXPECT_FALSE(policy.step(50.0, 1e-3).alarm);
  }
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
