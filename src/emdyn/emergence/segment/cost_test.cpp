#include "emdyn/emergence/segment/cost.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "emdyn/core/philox.hpp"

namespace emdyn::emergence::segment {
namespace {

std::vector<double> noise(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = random.normal();
  return values;
}

TEST(Sums, AroundMeanAndLineByHand) {
  const std::vector<double> values{1.0, 2.0, 4.0, 7.0};
  const Sums sums(values);
  EXPECT_NEAR(sums.around_mean(0, 4), 21.0, 1e-12);  // Mean 3.5.
  EXPECT_NEAR(sums.slope(0, 4), 2.0, 1e-12);         // Residuals .5, -.5, -.5, .5.
  EXPECT_NEAR(sums.around_line(0, 4), 1.0, 1e-12);
  EXPECT_NEAR(sums.around_line(1, 3), 0.0, 1e-12);
}

TEST(Sums, EqualDirectSumsOnEveryStretch) {
  const auto values = noise(60, 3);
  const Sums sums(values);
  for (std::size_t a = 0; a < 60; a += 7) {
    for (std::size_t b = a + 3; b <= 60; b += 5) {
      const double n = static_cast<double>(b - a);
      double mean = 0.0;
      double centre = 0.0;
      for (std::size_t t = a; t < b; ++t) {
        mean += values[t] / n;
        centre += static_cast<double>(t) / n;
      }
      double tt = 0.0;
      double tx = 0.0;
      double xx = 0.0;
      for (std::size_t t = a; t < b; ++t) {
        const double dt = static_cast<double>(t) - centre;
        tt += dt * dt;
        tx += dt * values[t];
        xx += (values[t] - mean) * (values[t] - mean);
      }
      EXPECT_NEAR(sums.around_mean(a, b), xx, 1e-10);
      EXPECT_NEAR(sums.around_line(a, b), xx - tx * tx / tt, 1e-10);
    }
  }
}

TEST(MeanVarianceCost, ByHandAndFloored) {
  const std::vector<double> values{0.0, 2.0, 0.0, 2.0, 5.0, 5.0, 5.0};
  const MeanVarianceCost cost(values, 1e-6);
  EXPECT_NEAR(cost(0, 4), 4.0 * std::log(2.0 * std::numbers::pi) + 4.0, 1e-12);
  EXPECT_TRUE(std::isfinite(cost(4, 7)));
}

// Splitting must never raise these costs: PELT's pruning relies on it.
TEST(Costs, AreNotRaisedBySplitting) {
  const auto values = noise(80, 9);
  const MeanCost mean(values, 1.0);
  const TrendCost trend(values, 1.0);
  const MeanVarianceCost both(values, 1e-6);
  const DistributionCost any(values);
  for (std::size_t a = 0; a < 60; a += 9) {
    for (std::size_t cut = a + 5; cut < 75; cut += 6) {
      EXPECT_LE(mean(a, cut) + mean(cut, 80), mean(a, 80) + 1e-9);
      EXPECT_LE(trend(a, cut) + trend(cut, 80), trend(a, 80) + 1e-9);
      EXPECT_LE(both(a, cut) + both(cut, 80), both(a, 80) + 1e-9);
      EXPECT_LE(any(a, cut) + any(cut, 80), any(a, 80) + 1e-9);
    }
  }
}

TEST(DistributionCost, OnlyOrderMatters) {
  auto values = noise(50, 2);
  const DistributionCost plain(values);
  for (double& value : values) value = std::exp(3.0 * value);
  const DistributionCost bent(values);
  EXPECT_DOUBLE_EQ(plain(0, 50), bent(0, 50));
  EXPECT_DOUBLE_EQ(plain(11, 37), bent(11, 37));
}

// The marginal likelihood is the product of one-step Student-t predictions.
TEST(MarginalCost, EqualsTheChainOfPredictions) {
  const std::vector<double> values{0.1, -0.2, 0.05, 3.0, 3.1, 2.9};
  const MarginalCost cost(values, RegimePrior{});
  double mean = 0.0;
  double strength = 1.0;
  double shape = 1.0;
  double scale = 1.0;
  double log_likelihood = 0.0;
  for (const double x : values) {
    const double spread = scale * (strength + 1.0) / (shape * strength);
    const double z2 = (x - mean) * (x - mean) / spread;
    log_likelihood += std::lgamma(shape + 0.5) - std::lgamma(shape) -
                      0.5 * std::log(2.0 * shape * std::numbers::pi * spread) -
                      (shape + 0.5) * std::log1p(z2 / (2.0 * shape));
    scale += 0.5 * strength * (x - mean) * (x - mean) / (strength + 1.0);
    mean = (strength * mean + x) / (strength + 1.0);
    strength += 1.0;
    shape += 0.5;
  }
  EXPECT_NEAR(cost(0, values.size()), -2.0 * log_likelihood, 1e-10);
}

}  // namespace
}  // namespace emdyn::emergence::segment
