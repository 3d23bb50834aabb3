#include "emdyn/detect/level/focus.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

const FocusGaussian::Config kFocusGiven{
    .baseline_samples = 0, .mean = 0.5, .sigma = 0.28867513459481287};  // 1 / sqrt(12)

// Known answer: twice the log-likelihood ratio on the known stream, scaled to unit variance.
TEST(Focus, MatchesTheKnownStatistic) {
  FocusGaussian focus(kFocusGiven);
  const auto stream = test::stream_z();
  int first = -1;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const double score = focus.update(stream[i]);
    if (i + 1 == 500) {
      EXPECT_NEAR(focus.statistic(), 4.725421763111237, 1e-9);
    }
    if (i + 1 == 1000) {
      EXPECT_NEAR(focus.statistic(), 4.391330660360482, 1e-9);
    }
    if (first < 0 && score >= 1.0) first = static_cast<int>(i);
  }
  EXPECT_EQ(first, 1014);
  EXPECT_EQ(focus.evidence().direction, Direction::rise);
  EXPECT_EQ(focus.dropped(), 0U);
}

double x_log_mean(double sum, double n) { return sum > 0.0 ? sum * std::log(sum / n) : 0.0; }

/// Every split tried.
template <class F>
double brute_force(const std::vector<double>& samples, F fit) {
  double whole = 0.0;
  for (const double sample : samples) whole += sample;
  const double n = static_cast<double>(samples.size());
  double best = 0.0;
  double sum = 0.0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    sum += samples[i - 1];
    const double t = static_cast<double>(i);
    best = std::max(best, 2.0 * (fit(sum, t) + fit(whole - sum, n - t) - fit(whole, n)));
  }
  return best;
}

template <class D, class F>
void expect_exact(Domain domain, F fit, typename D::Config config) {
  D focus(config);
  const auto stream = test::shifted(domain, 5);
  std::vector<double> samples;
  for (std::size_t i = 1700; i < 2400; ++i) {
    samples.push_back(stream[i]);
    focus.update(stream[i]);
    const double exact = brute_force(samples, fit);
    ASSERT_NEAR(focus.statistic(), exact, 1e-7 * (1.0 + exact)) << i;
  }
  EXPECT_EQ(focus.dropped(), 0U);
}

// Property: equal to trying every split.
TEST(Focus, EqualsBruteForce) {
  expect_exact<FocusGaussian>(Domain::real, [](double s, double n) { return 0.5 * s * s / n; },
                              {.baseline_samples = 0});
  expect_exact<FocusPoisson>(Domain::count, x_log_mean, {});
  expect_exact<FocusBernoulli>(
      Domain::binary, [](double s, double n) { return x_log_mean(s, n) + x_log_mean(n - s, n); },
      {});
}

// The bound that spares evaluations must not lose the best split: counts and errors of extreme
// rates, long equal runs, and so many candidates that some are dropped.
TEST(Focus, BoundsLoseNoSplit) {
  const auto poisson = [](double s, double n) { return x_log_mean(s, n); };
  const auto bernoulli = [](double s, double n) { return x_log_mean(s, n) + x_log_mean(n - s, n); };
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Philox random(seed);
    FocusPoisson counts(FocusPoisson::Config{});
    FocusBernoulli errors(FocusBernoulli::Config{});
    std::vector<double> count_samples;
    std::vector<double> error_samples;
    double rate = 0.1;
    for (int i = 0; i < 500; ++i) {
      if (random.below(60) == 0) rate = std::pow(random.uniform(), 3.0);
      count_samples.push_back(test::poisson(random, 40.0 * rate));
      error_samples.push_back(random.uniform() < rate ? 1.0 : 0.0);
      counts.update(count_samples.back());
      errors.update(error_samples.back());
      const double first = brute_force(count_samples, poisson);
      const double second = brute_force(error_samples, bernoulli);
      ASSERT_NEAR(counts.statistic(), first, 1e-7 * (1.0 + first)) << seed << ' ' << i;
      ASSERT_NEAR(errors.statistic(), second, 1e-7 * (1.0 + second)) << seed << ' ' << i;
    }
  }
  FocusPoisson ramp(FocusPoisson::Config{});
  std::vector<double> samples;
  for (int i = 0; i < 600; ++i) {
    samples.push_back(i);
    ramp.update(i);
    const double exact = brute_force(samples, poisson);
    ASSERT_NEAR(ramp.statistic(), exact, (i < 250 ? 1e-7 : 0.01) * (1.0 + exact)) << i;
  }
  EXPECT_GT(ramp.dropped(), 100U);
}

// A ramp makes every sample a candidate: exact up to 256 of them, then close and counted.
TEST(Focus, OnARampItCountsWhatItDrops) {
  FocusGaussian focus({.baseline_samples = 0});
  std::vector<double> samples;
  for (int i = 0; i < 600; ++i) {
    samples.push_back(0.01 * i);
    focus.update(0.01 * i);
    const double exact = brute_force(samples, [](double s, double n) { return 0.5 * s * s / n; });
    if (i < 250) {
      ASSERT_EQ(focus.dropped(), 0U);
      ASSERT_NEAR(focus.statistic(), exact, 1e-7 * (1.0 + exact));
    } else {
      ASSERT_NEAR(focus.statistic(), exact, 0.01 * exact);
    }
  }
  EXPECT_GT(focus.dropped(), 100U);
}

TEST(Focus, RejectsAThresholdOfZero) {
  EXPECT_THROW(FocusGaussian({.threshold = 0.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
