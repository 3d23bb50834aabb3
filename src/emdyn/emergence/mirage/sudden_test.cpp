#include "emdyn/emergence/mirage/sudden.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::emergence::mirage {
namespace {

const std::vector<LinkChoice> kPlain{LinkChoice{}};

template <class F>
CleanMetric curve(int points, double noise, std::uint64_t seed, F&& f) {
  Philox random(seed);
  CleanMetric out;
  for (int i = 0; i < points; ++i) {
    const double u = static_cast<double>(i) / (points - 1);
    out.positions.push_back(10.0 + 10.0 * u);
    out.values.push_back(f(u) + noise * random.normal());
  }
  return out;
}
double sudden_step(double u) { return u > .5 ? 1.0 : 0.0; }
double slow_rise(double u) { return 1.0 / (1.0 + std::exp(-(u - .5) * 4.394 / .9)); }

// ∫∫ N(y; a, σ²V) da dσ/σ by brute force for three points against the closed form, both up to the
// same constant.
TEST(LogMarginal, EqualsTheIntegral) {
  const std::vector<double> v{1.0, .3, .1, .3, 1.5, .2, .1, .2, .8};
  const auto integral = [&](const std::vector<double>& y) {
    // Inverse of v by cofactors.
    const double d = v[0] * (v[4] * v[8] - v[5] * v[7]) - v[1] * (v[3] * v[8] - v[5] * v[6]) +
                     v[2] * (v[3] * v[7] - v[4] * v[6]);
    const double inverse[9] = {(v[4] * v[8] - v[5] * v[7]) / d, (v[2] * v[7] - v[1] * v[8]) / d,
                               (v[1] * v[5] - v[2] * v[4]) / d, (v[5] * v[6] - v[3] * v[8]) / d,
                               (v[0] * v[8] - v[2] * v[6]) / d, (v[2] * v[3] - v[0] * v[5]) / d,
                               (v[3] * v[7] - v[4] * v[6]) / d, (v[1] * v[6] - v[0] * v[7]) / d,
                               (v[0] * v[4] - v[1] * v[3]) / d};
    double sum = 0.0;
    for (double a = -40; a <= 40; a += .02) {
      double q = 0.0;
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
          q += (y[static_cast<std::size_t>(i)] - a) * inverse[3 * i + j] *
               (y[static_cast<std::size_t>(j)] - a);
        }
      }
      // ∫ σ^−3 e^(−q/2σ²) dσ/σ ∝ q^(−3/2)
      sum += std::pow(q, -1.5) * .02;
    }
    return std::log(sum / std::sqrt(d));
  };
  const std::vector<double> first{1.0, 2.0, 4.0}, second{0.0, 3.0, -1.0};
  EXPECT_NEAR(log_marginal(first, v) - log_marginal(second, v), integral(first) - integral(second),
              2e-3);
}

TEST(Sudden, ToldApartFromSmooth) {
  for (const int points : {12, 24, 60}) {
    EXPECT_GT(weigh_sudden(curve(points, .03, 1, sudden_step), kPlain).log_bayes_factor, 3.0)
        << points;
    EXPECT_LT(weigh_sudden(curve(points, .03, 2, slow_rise), kPlain).log_bayes_factor, -2.0)
        << points;
  }
}

TEST(Sudden, FindsPlaceShareAndKind) {
  const SuddenEvidence seen = weigh_sudden(curve(40, .02, 3, sudden_step), kPlain);
  EXPECT_LE(seen.place.low, 15.2);
  EXPECT_GE(seen.place.high, 14.8);
  EXPECT_NEAR(seen.share, 1.0, .2);
  EXPECT_LT(seen.kink, .1);
  const SuddenEvidence bend =
      weigh_sudden(curve(40, .01, 4, [](double u) { return std::max(0.0, u - .4); }), kPlain);
  EXPECT_GT(bend.log_bayes_factor, 3.0);
  EXPECT_GT(bend.kink, .9);
}

TEST(Sudden, NoiseAloneIsNoSignal) {
  double most = -1e9;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    most = std::max(
        most,
        weigh_sudden(curve(24, 1.0, 100 + seed, [](double) { return 0.0; }), kPlain).log_signal);
  }
  EXPECT_LT(most, 4.0);
}

// Affine changes of value and position change nothing.
TEST(Sudden, InvariantUnderUnits) {
  CleanMetric metric = curve(20, .1, 5, sudden_step);
  const double before = weigh_sudden(metric, kPlain).log_bayes_factor;
  for (double& value : metric.values) value = 1e5 - 3e4 * value;
  for (double& position : metric.positions) position *= 1e9;
  EXPECT_NEAR(weigh_sudden(metric, kPlain).log_bayes_factor, before, 1e-6);
}

TEST(Sudden, SameForAnyNumberOfThreads) {
  const CleanMetric metric = curve(30, .1, 6, sudden_step);
  const double many = weigh_sudden(metric, kPlain).log_bayes_factor;
  const ThreadLimit one(1);
  EXPECT_EQ(weigh_sudden(metric, kPlain).log_bayes_factor, many);
}

TEST(Sudden, TooFewOrConstantGiveZero) {
  EXPECT_EQ(weigh_sudden(curve(3, .1, 7, sudden_step), kPlain).log_bayes_factor, 0.0);
  EXPECT_EQ(weigh_sudden(curve(9, 0.0, 7, [](double) { return 2.0; }), kPlain).log_signal, 0.0);
}

TEST(Coordinates, LogarithmOnlyBeyondTwoOctaves) {
  EXPECT_EQ(coordinates_of(std::vector<double>{1, 2, 4}).size(), 1u);
  EXPECT_EQ(coordinates_of(std::vector<double>{1, 2, 5}).size(), 2u);
  const auto with_zero = coordinates_of(std::vector<double>{0, 1, 100});
  ASSERT_EQ(with_zero.size(), 2u);
  EXPECT_DOUBLE_EQ(with_zero[1].of(0.0), 0.0);
  EXPECT_DOUBLE_EQ(with_zero[1].of(100.0), 1.0);
  EXPECT_NEAR(with_zero[1].position(with_zero[1].of(7.0)), 7.0, 1e-12);
}

}  // namespace
}  // namespace emdyn::emergence::mirage
