#include "emdyn/detect/level/cusum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

const Cusum::Config kGiven{.baseline_samples = 0};

/// Mean number of samples to the first score above 1 when the true mean is `shift`.
double average_run_length(double shift, double threshold, int runs) {
  Philox noise(20240917);
  Cusum cusum({.baseline_samples = 0, .threshold_sigmas = threshold});
  long samples = 0;
  for (int run = 0; run < runs; ++run) {
    cusum.rearm();
    do {
      ++samples;
    } while (cusum.update(noise.normal() + shift) <= 1.0);
  }
  return static_cast<double>(samples) / runs;
}

// Known answer, by hand: each 1.5 adds 1.0 to the upper sum.
TEST(Cusum, ScoresInUnitsOfItsThreshold) {
  Cusum cusum(kGiven);
  for (int i = 1; i <= 5; ++i) EXPECT_DOUBLE_EQ(cusum.update(1.5), i / 5.0);
  EXPECT_GT(cusum.update(1.5), 1.0);
}

// Known answer, by hand: the rise began with the third sample of five.
TEST(Cusum, TellsDirectionAndOnset) {
  Cusum cusum(kGiven);
  for (const double z : {0.0, -0.2, 3.0, 3.0, 3.0}) cusum.update(z);
  EXPECT_EQ(cusum.evidence().direction, Direction::rise);
  EXPECT_EQ(cusum.evidence().onset_samples_ago, 2U);
}

// Known answer: Siegmund's approximation of the two-sided run length, k = 0.5.
TEST(Cusum, MatchesTheoreticalRunLengths) {
  EXPECT_NEAR(average_run_length(0.0, 4.0, 4000), 169.0, 8.5);
  EXPECT_NEAR(average_run_length(0.0, 5.0, 4000), 469.1, 23.0);
  EXPECT_NEAR(average_run_length(1.0, 4.0, 4000), 8.34, 0.3);
  EXPECT_NEAR(average_run_length(1.0, 5.0, 4000), 10.34, 0.4);
}

// Known answer: baseline of 100 samples (ddof 1), learned anew after each alarm.
TEST(Cusum, FindsTheKnownAlarmsOfTheKnownStream) {
  Cusum cusum(Cusum::Config{});
  const auto stream = test::stream_z();
  std::vector<std::size_t> alarms;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (cusum.update(stream[i]) <= 1.0) continue;
    alarms.push_back(i);
    cusum.reset();
  }
  EXPECT_EQ(alarms, (std::vector<std::size_t>{245, 429, 1010}));
}

// Property: the score does not depend on the unit of the signal.
TEST(Cusum, IgnoresTheUnitOfTheSignal) {
  Cusum plain(kGiven);
  Cusum scaled({.baseline_samples = 0, .mean = 20.0, .sigma = 4.0});  // Powers of two: exact.
  for (const double z : {0.25, -1.0, 2.0, 3.0, 3.0}) {
    EXPECT_DOUBLE_EQ(plain.update(z), scaled.update(20.0 + 4.0 * z));
  }
}

// Property: the p-value is the chance of so large a sum in a random step.
TEST(Cusum, ItsPValueIsCalibrated) {
  Philox noise(5);
  Cusum cusum(kGiven);
  int below = 0;
  constexpr int kSamples = 1'000'000;
  for (int i = 0; i < kSamples; ++i) {
    cusum.update(noise.normal());
    below += cusum.p_value() <= 0.001;
  }
  EXPECT_NEAR(below / (0.001 * kSamples), 1.0, 0.2);
}

// Property: the stated onset interval holds the true change about nine times in ten.
TEST(Cusum, ItsOnsetIntervalCovers) {
  Philox noise(9);
  int covered = 0;
  constexpr int kRuns = 500;
  for (int run = 0; run < kRuns; ++run) {
    Cusum cusum({.baseline_samples = 0, .threshold_sigmas = 8.0});
    for (int i = 0; i < 200; ++i) cusum.update(std::min(noise.normal(), 3.0));
    std::uint64_t since = 0;
    do {
      ++since;
    } while (cusum.update(noise.normal() + 1.0) <= 1.0);
    const Evidence evidence = cusum.evidence();
    covered += evidence.onset_earliest_ago + 1 >= since && evidence.onset_latest_ago <= since - 1;
  }
  EXPECT_GT(covered, kRuns * 85 / 100);
}

TEST(Cusum, RejectsAConfigItCannotHonour) {
  EXPECT_THROW(Cusum({.sigma = 0.0}), ConfigError);
  EXPECT_THROW(Cusum({.slack_sigmas = std::numeric_limits<double>::quiet_NaN()}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
