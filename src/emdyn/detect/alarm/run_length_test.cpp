#include "emdyn/detect/alarm/run_length.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/level/cusum.hpp"
#include "emdyn/detect/level/e_detector.hpp"
#include "emdyn/detect/level/ewma.hpp"

namespace emdyn::detect {
namespace {

// Published: Montgomery, "Introduction to Statistical Quality Control", table of run lengths of the
// tabular CUSUM with k = 1/2 (after Siegmund and Hawkins).
TEST(CusumRunLength, IsThePublishedOne) {
  EXPECT_NEAR(cusum_run_length(0.5, 4.0), 168.0, 1.0);
  EXPECT_NEAR(cusum_run_length(0.5, 5.0), 465.0, 1.0);
  EXPECT_NEAR(cusum_run_length(0.5, 4.0, 0.5), 26.6, 0.1);
  EXPECT_NEAR(cusum_run_length(0.5, 4.0, 1.0), 8.38, 0.01);
  EXPECT_NEAR(cusum_run_length(0.5, 5.0, 0.5), 38.0, 0.1);
  EXPECT_NEAR(cusum_run_length(0.5, 5.0, 1.0), 10.4, 0.05);
  EXPECT_NEAR(cusum_run_length(0.5, 5.0, 2.0), 4.01, 0.01);
}

// Published: Lucas & Saccucci (1990), limits that give 500 with steady limits.
TEST(EwmaRunLength, IsThePublishedOne) {
  EXPECT_NEAR(ewma_steady_limits_run_length(0.05, 2.615), 500.0, 2.0);
  EXPECT_NEAR(ewma_steady_limits_run_length(0.1, 2.814), 500.0, 2.0);
  EXPECT_NEAR(ewma_steady_limits_run_length(0.2, 2.962), 500.0, 2.0);
  EXPECT_NEAR(ewma_steady_limits_run_length(0.25, 2.998), 500.0, 2.0);
}

// Known answer: with lambda 1 the chart is Shewhart's.
TEST(EwmaRunLength, OfTheNewestSampleAloneIsShewharts) {
  EXPECT_NEAR(ewma_run_length(1.0, 3.0), 370.3983, 1e-3);
  EXPECT_NEAR(ewma_limit(370.3983, 1.0), 3.0, 1e-5);
  EXPECT_NEAR(k_sigma_limit(370.3983), 3.0, 1e-6);
}

TEST(RunLength, ThresholdsAreItsInverse) {
  for (const double arl0 : {20.0, 370.0, 1e4, 1e6}) {
    for (const double slack : {0.25, 0.5, 1.0}) {
      EXPECT_NEAR(cusum_run_length(slack, cusum_threshold(arl0, slack)) / arl0, 1.0, 1e-5);
    }
  }
  EXPECT_NEAR(ewma_run_length(0.2, ewma_limit(1000.0, 0.2)) / 1000.0, 1.0, 1e-5);
}

template <class Chart>
double simulated(const typename Chart::Config& config, int runs) {
  double samples = 0.0;
  for (int run = 0; run < runs; ++run) {
    Philox random(91, static_cast<std::uint64_t>(run));
    Chart chart(config);
    do {
      samples += 1.0;
    } while (chart.update(random.normal()) <= 1.0);
  }
  return samples / runs;
}

// Property: the detectors have the run length asked for; 4000 runs have a standard error of 1.6 %.
TEST(RunLength, OfTheDetectorsIsTheOneAskedFor) {
  const double h = cusum_threshold(200.0, 0.5);
  EXPECT_NEAR(simulated<Cusum>({.baseline_samples = 0, .threshold_sigmas = h}, 4000), 200.0, 10.0);
  const double limit = ewma_limit(200.0, 0.2);
  EXPECT_NEAR(simulated<Ewma>({.baseline_samples = 0, .limit_sigmas = limit}, 4000), 200.0, 10.0);
}

double uniform(double x) { return std::clamp(x, 0.0, 1.0); }

template <class Chart, class Draw>
double e_simulated(double alpha, int runs, const Draw& draw) {
  double samples = 0.0;
  for (int run = 0; run < runs; ++run) {
    Philox random(92, static_cast<std::uint64_t>(run));
    Chart chart({.alpha = alpha, .baseline_samples = 0, .mean = 0.5, .side = Chart::Side::rise});
    do {
      samples += 1.0;
    } while (chart.update(draw(random)) <= 1.0);
  }
  return samples / runs;
}

// Property: where the law is known, e-detectors have the run length asked for.
TEST(EDetectorRunLength, OfAKnownLawIsTheOneAskedFor) {
  const auto draw = [](Philox& random) { return random.uniform(); };
  const double sr = e_sr_alpha(200.0, 0.8, 0.5, uniform);
  EXPECT_NEAR(e_simulated<ESr>(sr, 4000, draw), 200.0, 10.0);
  const double cusum = e_cusum_alpha(200.0, 0.8, 0.5, uniform);
  EXPECT_NEAR(e_simulated<ECusum>(cusum, 4000, draw), 200.0, 10.0);
  EXPECT_GT(cusum, 1.0 / 200.0);  // Less cautious than the promise for every law.
}

// Known answer: SR evidence less the time is a martingale, so the run length is the mean evidence
// at the alarm: at least 1 / alpha and at most that times the largest factor.
TEST(EDetectorRunLength, OfShiryaevRobertsLiesBetweenTheBoundsOfTheory) {
  for (const double alpha : {0.1, 1e-2, 1e-3, 1e-5}) {
    const double found = e_sr_run_length(alpha, 0.8, 0.5, uniform) * alpha;
    EXPECT_GE(found, 1.0) << alpha;
    EXPECT_LE(found, 1.4 * (1.0 + alpha)) << alpha;
  }
}

TEST(EDetectorRunLength, OfTheSmallestRequestsIsMoreThanAskedFor) {
  EXPECT_EQ(e_cusum_alpha(2.0, 0.01, 0.5, uniform), 0.5);
  EXPECT_THROW(e_cusum_alpha(1.0, 0.8, 0.5, uniform), ConfigError);
  EXPECT_THROW(e_sr_alpha(100.0, 2.0, 0.5, uniform), ConfigError);
}

TEST(RunLength, RejectsWhatItCannotSolve) {
  EXPECT_THROW(cusum_threshold(1.0, 0.5), ConfigError);
  EXPECT_THROW(cusum_threshold(100.0, 0.0), ConfigError);
  EXPECT_THROW(ewma_limit(1e12, 0.2), ConfigError);
  EXPECT_THROW(k_sigma_limit(0.5), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
