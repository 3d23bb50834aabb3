#include "emdyn/detect/level/k_sigma.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"
#include "emdyn/detect/level/tails.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

// Known answer: P = 2(1 - Phi(k)), also where 1 - Phi(k) would round to zero.
TEST(KSigma, GivenABaselineItsPValueIsTheNormalTail) {
  KSigma rule({.warmup_samples = 0, .mean = 10.0, .sigma = 2.0});
  EXPECT_DOUBLE_EQ(rule.update(16.0), 1.0);
  EXPECT_NEAR(rule.p_value(), 0.0026997960632601866, 1e-15);
  EXPECT_DOUBLE_EQ(rule.update(-10.0), 10.0 / 3.0);
  EXPECT_NEAR(rule.p_value() / 1.523970604832094e-23, 1.0, 1e-9);
  EXPECT_EQ(rule.evidence().direction, Direction::fall);
}

// Known answer: Welford's mean and variance of the known stream, through the threshold.
TEST(KSigma, LearnsMeanAndDeviation) {
  KSigma rule({.plug_in_correction = false});
  for (const double u : test::lcg_uniform(1000)) rule.update(u);
  const double sigma = std::sqrt(0.08506595757931237 * (1.0 + 1.0 / 1000.0));
  EXPECT_NEAR(rule.update(2.0), (2.0 - 0.5062096507258119) / sigma / 3.0, 1e-12);
}

// Known answer: t quantiles from tables, P = 0.0027 two-sided (k = 3).
TEST(KSigma, WidensItsThresholdToStudentsQuantile) {
  for (const auto& [samples, quantile] : {std::pair{31, 3.26995}, std::pair{101, 3.07718}}) {
    KSigma rule({.warmup_samples = samples});
    for (int i = 0; i < samples; ++i) rule.update(i % 2 == 0 ? 1.0 : -1.0);
    const double score = rule.update(5.0);
    EXPECT_NEAR(std::abs(rule.t()) / score, quantile, 2e-3);
  }
}

// Known answer: two-sided tails of Student's t at t = 4: freedom 10 -> 0.002518, 30 -> 0.000382.
TEST(Tails, WallacesNormalMatchesStudent) {
  EXPECT_NEAR(math::two_sided_normal(normal_from_student(4.0, 10.0)) / 0.0025183, 1.0, 0.02);
  EXPECT_NEAR(math::two_sided_normal(normal_from_student(4.0, 30.0)) / 0.00038175, 1.0, 0.01);
}

// Property: the chance of an alarm right after a short warm-up is the nominal one.
TEST(KSigma, KeepsItsFalseAlarmRateWithAShortWarmUp) {
  Philox noise(1);
  int alarms = 0;
  constexpr int kRuns = 40000;
  for (int run = 0; run < kRuns; ++run) {
    KSigma rule({.k = 2.0, .warmup_samples = 10});
    for (int i = 0; i < 10; ++i) rule.update(noise.normal());
    alarms += rule.update(noise.normal()) > 1.0;
  }
  EXPECT_NEAR(alarms / (0.0455 * kRuns), 1.0, 0.08);
}

TEST(KSigma, RejectsAWarmUpWithoutAVariance) {
  EXPECT_THROW(KSigma({.warmup_samples = 1}), ConfigError);
  EXPECT_THROW(KSigma({.k = 0.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
