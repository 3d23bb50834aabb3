#include "emdyn/detect/alarm/surprise_scale.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

double exponential_surprise(Philox& random) { return -std::log(1.0 - random.uniform()); }

TEST(SurpriseScale, RanksWithinAndExtrapolatesBeyondThePast) {
  SurpriseScale scale(1.0, 20.0);
  Philox random(1);
  for (int i = 0; i < 20000; ++i) scale.learn(exponential_surprise(random));
  EXPECT_NEAR(scale.surprise(std::log(2.0)), std::log10(2.0), 0.01);
  EXPECT_NEAR(scale.surprise(std::log(5.0)), std::log10(5.0), 0.02);
  EXPECT_NEAR(scale.surprise(std::log(1e3)), 3.0, 0.15);
  EXPECT_NEAR(scale.surprise(std::log(1e6)), 6.0, 0.35);
  EXPECT_EQ(scale.surprise(0.0), 0.0);
  EXPECT_EQ(scale.surprise(1e300), SurpriseScale::kMost);
}

/// Mean surprise, over 40 pasts of 2,000 values, of a value whose chance is 1e-4.
template <class Draw>
double mean_surprise(Draw draw, double value) {
  double sum = 0.0;
  for (std::uint64_t past = 0; past < 40; ++past) {
    Philox random(50 + past);
    SurpriseScale scale;
    for (int i = 0; i < 2000; ++i) scale.learn(draw(random));
    sum += scale.surprise(value) / 40.0;
  }
  return sum;
}

TEST(SurpriseScale, ExtrapolatesTailsOfEveryShape) {
  const auto pareto = [](Philox& random) { return 1.0 / (1.0 - random.uniform()); };  // Shape 1.
  EXPECT_NEAR(mean_surprise(pareto, 1e4), 4.0, 0.3);
  const auto heavier = [&](Philox& random) { return std::pow(pareto(random), 1.5); };
  EXPECT_NEAR(mean_surprise(heavier, 1e6), 4.0, 0.3);
  EXPECT_NEAR(mean_surprise(exponential_surprise, std::log(1e4)), 4.0, 0.3);
  // Lighter than exponential_surprise: as if it were exponential_surprise, so the surprise is too small.
  const auto normal = [](Philox& random) { return std::abs(random.normal()); };
  const double found = mean_surprise(normal, 3.8906);
  EXPECT_GT(found, 3.0);
  EXPECT_LT(found, 4.2);
}

TEST(SurpriseScale, TakesTiesAndEmptyBinsForNoTail) {
  SurpriseScale scale;
  // Zero, and now and then 1 or 2: distances of counts to the nearest earlier count.
  for (int i = 0; i < 1000; ++i) scale.learn(i % 100 == 0 ? 2.0 : i % 50 == 1 ? 1.0 : 0.0);
  EXPECT_NEAR(scale.surprise(0.5), -std::log10(31.0 / 1001.0), 1e-9);  // None between 0 and 1.
  EXPECT_NEAR(scale.surprise(1.0), -std::log10(31.0 / 1001.0), 0.1);
  EXPECT_GT(scale.surprise(3.0), 2.0);
  EXPECT_LT(scale.surprise(3.0), 3.5);
  EXPECT_GT(scale.surprise(30.0), scale.surprise(3.0));
}

TEST(SurpriseScale, HasNoUnit) {
  SurpriseScale small;
  SurpriseScale large;
  Philox random(2);
  for (int i = 0; i < 3000; ++i) {
    const double value = std::abs(random.normal());
    small.learn(value * 0x1p-200);
    large.learn(value * 0x1p+150);
  }
  for (const double value : {0.1, 1.0, 2.0, 4.0}) {
    EXPECT_DOUBLE_EQ(small.surprise(value * 0x1p-200), large.surprise(value * 0x1p+150));
  }
}

// The first value was rounding noise; the bins follow the values up and keep their number.
TEST(SurpriseScale, FollowsValuesUp) {
  SurpriseScale scale;
  scale.learn(1e-17);
  for (int i = 1; i <= 99; ++i) scale.learn(static_cast<double>(i));
  EXPECT_NEAR(scale.surprise(50.0), -std::log10(51.0 / 101.0), 0.01);
  EXPECT_GT(scale.surprise(300.0), 5.0);
}

TEST(SurpriseScale, NeverKnowsBeforeItHasSeenEnough) {
  SurpriseScale scale;
  for (std::uint64_t i = 0; i + 1 < SurpriseScale::kEnough; ++i) scale.learn(1.0);
  EXPECT_EQ(scale.surprise(1e9), 0.0);
  scale.learn(1.0);
  EXPECT_GT(scale.surprise(1e9), 5.0);
}

}  // namespace
}  // namespace emdyn::detect
