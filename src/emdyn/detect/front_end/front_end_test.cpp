#include "emdyn/detect/front_end/front_end.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/snapshot.hpp"

namespace emdyn::detect {
namespace {

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
  double lag_one = 0.0;
  double beyond_three = 0.0;
};

/// Residuals of trend(t) + sigma(t) * AR(1) noise, from sample 100 on.
Moments residuals(const std::function<double(int)>& trend, const std::function<double(int)>& sigma,
                  double phi, int samples = 100'000) {
  Philox random(77);
  FrontEnd front_end;
  double noise = 0.0;
  double sum = 0.0;
  double squares = 0.0;
  double products = 0.0;
  double last = 0.0;
  double beyond = 0.0;
  for (int t = 0; t < samples; ++t) {
    noise = phi * noise + std::sqrt(1.0 - phi * phi) * random.normal();
    const double z = front_end.update(trend(t) + sigma(t) * noise);
    if (t < 100) continue;
    sum += z;
    squares += z * z;
    products += z * last;
    beyond += std::abs(z) > 3.0;
    last = z;
  }
  const double n = samples - 100;
  return {sum / n, std::sqrt(squares / n), products / squares, beyond / n};
}

void expect_standard(const Moments& moments, double lag_one_limit) {
  EXPECT_NEAR(moments.mean, 0.0, 0.05);
  EXPECT_NEAR(moments.deviation, 1.0, 0.08);
  EXPECT_NEAR(moments.lag_one, 0.0, lag_one_limit);
  EXPECT_LT(moments.beyond_three, 2.0 * 0.0027);
}

const auto kUnit = [](int) { return 1.0; };

// Property: standardised residuals on smooth trends, whatever their unit.
TEST(FrontEnd, StandardisesTrendingSignals) {
  expect_standard(residuals([](int) { return 0.0; }, kUnit, 0.0), 0.05);
  expect_standard(residuals([](int t) { return 7e6 - 40.0 * t; }, [](int) { return 2000.0; }, 0.0),
                  0.05);
  expect_standard(residuals([](int t) { return 0.1 + 3e-6 * std::exp(-t / 800.0); },
                            [](int) { return 2e-8; }, 0.0),
                  0.06);
  expect_standard(
      residuals([](int t) { return 6.0 * std::pow(t + 1.0, -0.3); }, [](int) { return 0.03; }, 0.0),
      0.06);
}

// Property: lag-one dependence is removed.
TEST(FrontEnd, WhitensAutoregressiveNoise) {
  for (const double phi : {-0.3, 0.5, 0.9}) {
    expect_standard(residuals([](int t) { return 5.0 - 1e-5 * t; }, kUnit, phi), 0.13);
  }
}

// Property: the noise may decay with the signal over many orders of magnitude.
TEST(FrontEnd, FollowsARescalingSignal) {
  const auto decay = [](int t) { return 3.0 * std::exp(-t / 5000.0); };
  const Moments moments = residuals(
      decay, [&](int t) { return 0.03 * decay(t); }, 0.0, 80'000);
  EXPECT_NEAR(moments.deviation, 1.0, 0.08);
  EXPECT_LT(moments.beyond_three, 2.0 * 0.0027);
}

TEST(FrontEnd, AnOutlierDoesNotWreckIt) {
  Philox random(1);
  FrontEnd clean;
  FrontEnd hit;
  for (int t = 0; t < 300; ++t) {
    const double sample = 2.0 + 0.1 * random.normal();
    clean.update(sample);
    const double z = hit.update(t == 299 ? 1e9 : sample);
    if (t == 299) {
      EXPECT_GT(z, 12.0);
    }
  }
  EXPECT_NEAR(hit.prediction(), clean.prediction(), 0.2);
  EXPECT_NEAR(hit.sigma(), clean.sigma(), 0.02);
}

TEST(FrontEnd, TakesANewLevelAfterAFewSamples) {
  Philox random(2);
  FrontEnd front_end;
  for (int t = 0; t < 300; ++t) front_end.update(random.normal());
  for (int t = 0; t < 30; ++t) front_end.update(1000.0 + random.normal());
  EXPECT_NEAR(front_end.prediction(), 1000.0, 5.0);
  EXPECT_LT(front_end.sigma(), 3.0);
}

TEST(FrontEnd, RoundingNoiseIsNotAmplified) {
  Philox random(3);
  FrontEnd front_end;
  for (int t = 0; t < 1000; ++t) {
    const double z = front_end.update(0.1 * 3.0 + 1e-16 * random.below(3));
    ASSERT_LT(std::abs(z), 0.1);
  }
}

// One quantum of a coarse signal is never a surprise once it was seen.
TEST(FrontEnd, OneQuantumIsNoSurprise) {
  Philox random(4);
  FrontEnd front_end;
  double largest = 0.0;
  for (int t = 0; t < 5000; ++t) {
    const double z = front_end.update(0.98 + (random.uniform() < 0.02 ? 0.001 : 0.0));
    if (t > 500) largest = std::max(largest, std::abs(z));
  }
  EXPECT_LT(largest, 2.5);
}

TEST(FrontEnd, RearmLearnsTheLevelAnew) {
  Philox random(5);
  FrontEnd front_end;
  for (int t = 0; t < 300; ++t) front_end.update(random.normal());
  front_end.rearm();
  for (int t = 0; t < 50; ++t) {
    ASSERT_LT(std::abs(front_end.update(500.0 + random.normal())), 5.0);
  }
}

TEST(FrontEnd, SkippingFollowsTheSlope) {
  FrontEnd front_end;
  for (int t = 0; t < 200; ++t) front_end.update(2.0 * t + (t % 2 == 0 ? 0.01 : -0.01));
  front_end.skip(100);
  EXPECT_NEAR(front_end.prediction(), 600.0, 1.0);
}

TEST(FrontEnd, StateRoundTripsAndReplays) {
  Philox random(6);
  FrontEnd first;
  for (int t = 0; t < 200; ++t) first.update(random.normal());
  StateWriter saved;
  FrontEnd::state(std::as_const(first), saved);
  FrontEnd second;
  StateReader reader(saved.bytes());
  FrontEnd::state(second, reader);
  ASSERT_TRUE(reader.ok() && reader.at_end());
  EXPECT_EQ(first, second);
  for (int t = 0; t < 200; ++t) {
    const double sample = random.normal();
    ASSERT_EQ(first.update(sample), second.update(sample));
  }
  first.reset();
  EXPECT_EQ(first, FrontEnd());
}

TEST(FrontEnd, NeverGivesNaN) {
  FrontEnd front_end;
  Philox random(8);
  for (int t = 0; t < 5000; ++t) {
    constexpr double kHostile[] = {0.0, 1e300, -1e300, 5e-324, 1e140, 1.0};
    const double z = front_end.update(kHostile[random.below(6)]);
    ASSERT_TRUE(std::isfinite(z)) << t;
    if (t % 700 == 0) front_end.skip(5000);
    if (t % 900 == 0) front_end.rearm();
  }
}

TEST(FrontEnd, RejectsAWarmUpThatIsTooShort) {
  EXPECT_THROW(FrontEnd({.warmup_samples = 5}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
