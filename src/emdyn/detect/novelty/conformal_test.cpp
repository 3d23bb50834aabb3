#include "emdyn/detect/novelty/conformal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer: log10 of the capital after 1000 p-values u, and u^2.
TEST(SimpleJumper, MatchesTheKnownCapital) {
  SimpleJumper uniform(0.01);
  SimpleJumper squared(0.01);
  for (const double u : test::lcg_uniform(1000)) {
    uniform.update(u);
    squared.update(u * u);
  }
  EXPECT_NEAR(uniform.log_capital() / std::log(10.0), -2.304057956019089, 1e-9);
  EXPECT_NEAR(squared.log_capital() / std::log(10.0), 43.11769070471973, 1e-8);
}

// Property: ranks of exchangeable samples are uniform, ties or not.
TEST(Conformal, ItsRanksAreUniform) {
  for (const bool quantised : {false, true}) {
    Philox random(5);
    Conformal conformal(Conformal::Config{});
    int below_tenth = 0;
    int below_half = 0;
    constexpr int kSamples = 40'000;
    for (int i = 0; i < kSamples; ++i) {
      conformal.update(quantised ? static_cast<double>(random.below(3)) : random.normal());
      below_tenth += conformal.rank_p() <= 0.1;
      below_half += conformal.rank_p() <= 0.5;
    }
    EXPECT_NEAR(below_tenth / (0.1 * kSamples), 1.0, 0.1);
    EXPECT_NEAR(below_half / (0.5 * kSamples), 1.0, 0.05);
  }
}

TEST(Conformal, FindsAShiftAndItsDirection) {
  Philox random(6);
  Conformal conformal(Conformal::Config{});
  double most = 0.0;
  for (int i = 0; i < 400; ++i) most = std::max(most, conformal.update(random.normal()));
  EXPECT_LE(most, 1.0);
  for (int i = 0; i < 60; ++i) {
    if (conformal.update(random.normal() - 2.0) > 1.0) {
      EXPECT_EQ(conformal.evidence().direction, Direction::fall);
      EXPECT_LE(conformal.evidence().onset_latest_ago, static_cast<std::uint64_t>(i));
      return;
    }
  }
  FAIL() << "no alarm";
}

TEST(Conformal, RejectsAWarmUpLongerThanTheWindow) {
  EXPECT_THROW(Conformal({.window_samples = 20, .warmup_samples = 30}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
