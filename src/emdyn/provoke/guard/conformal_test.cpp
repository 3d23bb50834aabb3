#include "emdyn/provoke/guard/conformal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::provoke::guard {
namespace {

std::vector<double> normals(Philox& random, std::size_t count, double mean = 0.0) {
  std::vector<double> values(count);
  for (double& value : values) value = mean + random.normal();
  return values;
}

TEST(Conformal, RanksByHand) {
  const std::vector<double> scores{1.0, 2.0, 2.0, 5.0};
  const ConformalCalibration calibration(scores);
  EXPECT_DOUBLE_EQ(calibration.p_value(0.0), 0.2);
  EXPECT_DOUBLE_EQ(calibration.p_value(1.0), 0.4);
  EXPECT_DOUBLE_EQ(calibration.p_value(2.0), 0.8);
  EXPECT_DOUBLE_EQ(calibration.p_value(9.0), 1.0);
  EXPECT_DOUBLE_EQ(calibration.p_value(NAN), 0.2);
  EXPECT_DOUBLE_EQ(calibration.p_value(-HUGE_VAL), 0.2);
  // e = 5 / (rank · (1 + 1/2 + 1/3 + 1/4 + 1/5)).
  const double harmonic = 137.0 / 60.0;
  EXPECT_DOUBLE_EQ(calibration.e_value(0.0), 5.0 / harmonic);
  EXPECT_DOUBLE_EQ(calibration.e_value(2.0), 5.0 / (4.0 * harmonic));
}

TEST(Conformal, EValuesHaveMeanOneOverTheRanks) {
  std::vector<double> scores(99);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<double>(i);
  const ConformalCalibration calibration(scores);
  double sum = 0.0;
  for (int i = 0; i <= 99; ++i) sum += calibration.e_value(i - 0.5);  // Each rank once.
  EXPECT_NEAR(sum / 100.0, 1.0, 1e-12);
}

// Bates et al. (2023), section 4: b of order n + 1 − i is 1 − δ^(1/k)·(i…(i−k+1) /
// n…(n−k+1))^(1/k); for n = 4, k = 2, δ = 0.1 by hand.
TEST(Conformal, SimesBoundsByHand) {
  const auto bounds = conditional_bounds(4, Validity::simes, 0.1);
  EXPECT_NEAR(bounds[0], 1.0 - std::sqrt(0.1), 1e-12);
  EXPECT_NEAR(bounds[1], 1.0 - std::sqrt(0.1 * 6.0 / 12.0), 1e-12);
  EXPECT_NEAR(bounds[2], 1.0 - std::sqrt(0.1 * 2.0 / 12.0), 1e-12);
  EXPECT_EQ(bounds[3], 1.0);
}

// The definition: uniform order statistics stay below their bounds with probability 1 − δ.
TEST(Conformal, ConditionalBoundsHoldWithTheStatedProbability) {
  for (const Validity validity : {Validity::simes, Validity::dkw}) {
    constexpr std::size_t kCount = 100;
    constexpr int kTrials = 4000;
    const auto bounds = conditional_bounds(kCount, validity, 0.1);
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
    Philox random(5);
    int failures = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<double> uniform(kCount);
      for (double& u : uniform) u = random.uniform();
      std::sort(uniform.begin(), uniform.end());
      for (std::size_t i = 0; i < kCount; ++i) {
        if (uniform[i] > bounds[i]) {
          ++failures;
          break;
        }
      }
    }
    const double rate = static_cast<double>(failures) / kTrials;
    EXPECT_LE(rate, 0.1 + 2.0 * std::sqrt(0.09 / kTrials));
    EXPECT_GT(rate, 0.01);  // Not empty caution.
  }
}

TEST(Conformal, ConditionalPValuesAreLargerAndKeepTheOrder) {
  Philox random(9);
  const auto scores = normals(random, 500);
  const ConformalCalibration marginal(scores);
  const ConformalCalibration simes(scores, Validity::simes);
  const ConformalCalibration dkw(scores, Validity::dkw);
  for (double s = -4.0; s < 4.0; s += 0.01) {
    EXPECT_GE(simes.p_value(s), marginal.p_value(s) - 1.0 / 501.0);
    EXPECT_LE(simes.p_value(s), simes.p_value(s + 0.01));
    EXPECT_LE(dkw.p_value(s), dkw.p_value(s + 0.01));
  }
  // Simes is the one to use for small p.
  EXPECT_LT(simes.p_value(-10.0), 0.02);
  EXPECT_GT(dkw.p_value(-10.0), 0.05);
}

// Benjamini & Hochberg (1995), section 3.1, their 15 p-values at 0.05: the first four are rejected.
TEST(BenjaminiHochberg, PublishedExample) {
  const std::vector<double> p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                              0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  EXPECT_EQ(benjamini_hochberg(p, 0.05), (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_TRUE(benjamini_hochberg({}, 0.05).empty());
  EXPECT_THROW((void)benjamini_hochberg(p, 1.0), ConfigError);
  EXPECT_THROW((void)benjamini_hochberg(std::vector<double>{NAN}, 0.1), DataError);
}

TEST(ELond, ByHand) {
  ELond online(0.1);
  EXPECT_DOUBLE_EQ(online.next_level(), 0.1 / 2.0);
  EXPECT_FALSE(online.test(19.9));
  EXPECT_DOUBLE_EQ(online.next_level(), 0.1 / 6.0);
  EXPECT_TRUE(online.test(60.1));
  EXPECT_DOUBLE_EQ(online.next_level(), 0.1 * 2.0 / 12.0);
  EXPECT_FALSE(online.test(NAN));
  EXPECT_EQ(online.tested(), 3U);
  EXPECT_EQ(online.rejected(), 1U);
  EXPECT_THROW(ELond(0.0), ConfigError);
}

/// 1,000 simulations with fresh calibration: the mean false discovery proportion.
template <class Decide>
void expect_controlled(double out_share, std::size_t count, Decide&& decide) {
  constexpr int kTrials = 1000;
  constexpr double kAlpha = 0.1;
  double sum = 0.0;
  double squares = 0.0;
  double found = 0.0;
  double there = 0.0;
  for (int trial = 0; trial < kTrials; ++trial) {
    Philox random(static_cast<std::uint64_t>(trial), 3);
    const ConformalCalibration calibration(normals(random, 1000));
    std::vector<double> scores(count);
    std::vector<bool> out(count);
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = random.uniform() < out_share;
      scores[i] = random.normal() - (out[i] ? 5.0 : 0.0);
      there += out[i] ? 1.0 : 0.0;
    }
    double wrong = 0.0;
    double rejected = 0.0;
    for (const std::size_t i : decide(calibration, scores)) {
      ++rejected;
      (out[i] ? found : wrong) += 1.0;
    }
    const double share = rejected > 0.0 ? wrong / rejected : 0.0;
    sum += share;
    squares += share * share;
  }
  const double fdr = sum / kTrials;
  const double error = std::sqrt((squares / kTrials - fdr * fdr) / kTrials);
  EXPECT_LE(fdr, kAlpha + 2.0 * error);
  if (there > 0.0) {
    EXPECT_GT(found / there, 0.1);
  }
}

std::vector<std::size_t> offline(const ConformalCalibration& calibration,
                                 const std::vector<double>& scores) {
  return benjamini_hochberg(calibration.p_values(scores), 0.1);
}

std::vector<std::size_t> online(const ConformalCalibration& calibration,
                                const std::vector<double>& scores) {
  ELond lond(0.1);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (lond.test(calibration.e_value(scores[i]))) found.push_back(i);
  }
  return found;
}

TEST(FalseDiscoveries, BenjaminiHochbergStaysBelowAlpha) {
  expect_controlled(0.0, 100, offline);
  expect_controlled(0.2, 100, offline);
}

TEST(FalseDiscoveries, ELondStaysBelowAlpha) {
  expect_controlled(0.0, 60, online);
  expect_controlled(0.7, 60, online);
}

TEST(Conformal, RefusesBadInput) {
  EXPECT_THROW(ConformalCalibration({}), DataError);
  EXPECT_THROW(ConformalCalibration(std::vector<double>{NAN}), DataError);
  EXPECT_THROW(ConformalCalibration(std::vector<double>{1.0}, Validity::simes, 1.0), ConfigError);
}

}  // namespace
}  // namespace emdyn::provoke::guard
