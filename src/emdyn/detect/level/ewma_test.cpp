#include "emdyn/detect/level/ewma.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer: average of the known stream, lambda 0.1, begun at its first value.
TEST(Ewma, AveragesExponentially) {
  const auto uniform = test::lcg_uniform(1000);
  Ewma ewma({.baseline_samples = 0, .mean = uniform[0], .lambda = 0.1});
  for (const double u : uniform) ewma.update(u);
  EXPECT_NEAR(uniform[0] + ewma.average(), 0.4866901944330829, 1e-12);
}

// Known answer, by hand: the limit of the first average is L lambda.
TEST(Ewma, EarlyLimitsAreNarrow) {
  Ewma ewma({.baseline_samples = 0, .lambda = 0.2, .limit_sigmas = 3.0});
  EXPECT_NEAR(ewma.update(3.0), 1.0, 1e-12);
  EXPECT_EQ(ewma.evidence().direction, Direction::rise);
}

// Published known answer (Lucas & Saccucci, table 3): run length 500 in control, 10.3 at one sigma.
TEST(Ewma, MatchesPublishedRunLengths) {
  const auto run_length = [](double shift, int runs) {
    Philox noise(20240917);
    Ewma ewma({.baseline_samples = 0});
    long samples = 0;
    for (int run = 0; run < runs; ++run) {
      ewma.rearm();
      do {
        ++samples;
      } while (ewma.update(noise.normal() + shift) <= 1.0);
    }
    return static_cast<double>(samples) / runs;
  };
  EXPECT_NEAR(run_length(0.0, 4000), 500.0, 40.0);  // The early limits cost some of it.
  EXPECT_NEAR(run_length(1.0, 4000), 10.3, 1.2);
}

TEST(Ewma, ItsPValueIsCalibrated) {
  Philox noise(5);
  Ewma ewma({.baseline_samples = 0});
  int below = 0;
  constexpr int kSamples = 500'000;
  for (int i = 0; i < kSamples; ++i) {
    ewma.update(noise.normal());
    below += ewma.p_value() <= 0.01;
  }
  EXPECT_NEAR(below / (0.01 * kSamples), 1.0, 0.1);
}

TEST(Ewma, RejectsALambdaAboveOne) { EXPECT_THROW(Ewma({.lambda = 1.5}), ConfigError); }

}  // namespace
}  // namespace emdyn::detect
