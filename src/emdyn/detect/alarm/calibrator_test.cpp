#include "emdyn/detect/alarm/calibrator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/core/snapshot.hpp"
#include "emdyn/detect/contract/test_streams.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

using Draw = std::function<double(Philox&)>;

/// Share of p-values at or below 1e-1, 1e-2, 1e-3 and 1e-4, over that level.
std::array<double, 4> ratios(Calibrator calibrator, const Draw& draw, std::uint64_t seed,
                             int runs = 4) {
  constexpr int kSamples = 100'000;
  std::array<double, 4> below{};
  double judged = 0.0;
  for (int run = 0; run < runs; ++run) {
    Philox random(seed, static_cast<std::uint64_t>(run));
    calibrator.reset();
    for (int i = 0; i < kSamples; ++i) {
      const double score = draw(random);
      const double p = calibrator.p_value(score);
      if (calibrator.ready()) {
        judged += 1.0;
        for (std::size_t k = 0; k < 4; ++k)
          below[k] += p <= std::pow(10.0, -1.0 - static_cast<double>(k));
      }
      calibrator.learn(score);
    }
  }
  for (std::size_t k = 0; k < 4; ++k)
    below[k] /= judged * std::pow(10.0, -1.0 - static_cast<double>(k));
  return below;
}

void expect_calibrated(const Calibrator& calibrator, const Draw& draw, std::uint64_t seed) {
  const auto found = ratios(calibrator, draw, seed);
  EXPECT_NEAR(found[0], 1.0, 0.05);
  EXPECT_NEAR(found[1], 1.0, 0.1);
  EXPECT_NEAR(found[2], 1.0, 0.2);
  EXPECT_NEAR(found[3], 1.0, 0.5);
}

double exponential(Philox& random) { return -std::log(1.0 - random.uniform()); }
double half_normal(Philox& random) { return std::abs(random.normal()); }
double pareto(Philox& random) { return std::pow(1.0 - random.uniform(), -0.2) - 1.0; }

// Property: p-values of an unknown null are calibrated in body and tail, for light and heavy tails,
// and where scores are counts.
TEST(Calibrator, AnUnknownNullIsLearned) {
  for (const auto& draw : {Draw(exponential), Draw(half_normal), Draw(pareto)}) {
    expect_calibrated(Calibrator(), draw, 4);
  }
  const auto counts = ratios(
      Calibrator(), [](Philox& r) { return test::poisson(r, 3.0); }, 5);
  EXPECT_NEAR(counts[1], 1.0, 0.1);
  EXPECT_NEAR(counts[2], 1.0, 0.2);
  EXPECT_NEAR(counts[3], 1.0, 0.5);
}

// A null that holds is believed from the first sample; one that does not is left.
TEST(Calibrator, AKnownNullIsBelievedAsFarAsItHolds) {
  const Calibrator known(Calibrator::Null::known);
  EXPECT_TRUE(known.ready());
  for (const double p : {1e-2, 1e-4, 1e-6, 1e-9}) {
    EXPECT_NEAR(std::log(known.p_value(-std::log(p))) / std::log(p), 1.0, 0.2) << p;
  }
  expect_calibrated(known, exponential, 6);
  const auto heavy = ratios(
      known, [](Philox& r) { return 1.7 * exponential(r); }, 7);
  EXPECT_NEAR(heavy[1], 1.0, 0.15);
  EXPECT_NEAR(heavy[2], 1.0, 0.3);
  const auto light = ratios(
      known, [](Philox& r) { return 0.6 * exponential(r); }, 8);
  EXPECT_NEAR(light[1], 1.0, 0.15);
  EXPECT_NEAR(light[2], 1.0, 0.3);
}

// A tail far heavier than the null's is noticed by its first extremes, so that few of them pass for
// rare: at 1e-4 normal p-values of Student's t are wrong by a factor of 40.
TEST(Calibrator, AKnownNullIsDroppedWhereItsExtremesAreMany) {
  const auto student = [](Philox& random) {
    double squares = 0.0;
    const double z = random.normal();
    for (int i = 0; i < 5; ++i) squares += std::pow(random.normal(), 2);
    return -std::log(math::two_sided_normal(z / std::sqrt(squares / 3.0)));
  };
  const auto found = ratios(Calibrator(Calibrator::Null::known), student, 20, 10);
  EXPECT_NEAR(found[1], 1.0, 0.1);
  EXPECT_NEAR(found[2], 1.0, 0.25);
  EXPECT_LT(found[3], 1.8);
  EXPECT_GT(found[3], 0.6);
}

// Scores that stay high for 40 samples: ranks alone make p-values three times too frequent far out.
TEST(Calibrator, ClustersAreCountedOnce) {
  const auto measured = [](Calibrator::Kind kind) {
    std::array<double, 40> last{};
    std::size_t next = 0;
    const auto largest = [&](Philox& random) {
      last[next++ % last.size()] = exponential(random);
      return *std::max_element(last.begin(), last.end());
    };
    return ratios(Calibrator(Calibrator::Null::unknown, {.kind = kind}), largest, 5, 40);
  };
  const auto found = measured(Calibrator::Kind::pot);
  EXPECT_NEAR(found[1], 1.0, 0.2);
  EXPECT_NEAR(found[2], 1.0, 0.5);
  EXPECT_LT(found[3], 2.2);
  EXPECT_LT(found[3], 0.75 * measured(Calibrator::Kind::empirical)[3]);
}

// Property: conformal and empirical p-values of exchangeable scores are uniform, discrete or not.
TEST(Calibrator, RanksWithRandomTiesAreUniform) {
  for (const auto kind : {Calibrator::Kind::empirical, Calibrator::Kind::conformal}) {
    const Calibrator ranks(Calibrator::Null::unknown, {.kind = kind, .window_samples = 500});
    for (const auto& draw : {Draw(half_normal), Draw([](Philox& r) { return 1.0 + r.below(4); })}) {
      const auto found = ratios(ranks, draw, 9);
      EXPECT_NEAR(found[0], 1.0, 0.03);
      EXPECT_NEAR(found[1], 1.0, 0.06);
      EXPECT_NEAR(found[2], 1.0, 0.25);
      EXPECT_NEAR(found[3], 1.0, 0.5);
    }
  }
}

TEST(Calibrator, GaussianIsExactForNormalScores) {
  const Calibrator gaussian(Calibrator::Null::unknown, {.kind = Calibrator::Kind::gaussian});
  expect_calibrated(
      gaussian, [](Philox& r) { return 50.0 + r.normal(); }, 10);
}

// Known answer: among 200 scores 1 .. 200 the rank of 197.5 is 3.
TEST(Calibrator, ConservativeTiesCountAllEqualScores) {
  Calibrator ranks(Calibrator::Null::unknown,
                   {.kind = Calibrator::Kind::conformal, .ties = Calibrator::Ties::conservative});
  for (int i = 1; i <= 200; ++i) ranks.learn(i);
  EXPECT_DOUBLE_EQ(ranks.p_value(197.5), 4.0 / 201.0);
  EXPECT_DOUBLE_EQ(ranks.p_value(198.0), 4.0 / 201.0);
  EXPECT_DOUBLE_EQ(ranks.p_value(1e9), 1.0 / 201.0);
}

TEST(Calibrator, IsSilentUntilItKnows) {
  Calibrator calibrator;
  EXPECT_EQ(calibrator.p_value(1e9), 1.0);
  calibrator.learn(1.0);
  EXPECT_EQ(calibrator.p_value(1e9), 1.0);
  EXPECT_FALSE(calibrator.ready());
}

TEST(Calibrator, CalmScoresAreNoSurprise) {
  Calibrator calibrator;
  for (int i = 0; i < 1000; ++i) calibrator.learn(0.0);
  EXPECT_EQ(calibrator.p_value(0.0), 1.0);
  EXPECT_LT(calibrator.p_value(1.0), 0.01);
}

TEST(Calibrator, OneGiantDoesNotMakeGiantsNormal) {
  Philox random(11);
  Calibrator calibrator;
  for (int i = 0; i < 2000; ++i) calibrator.learn(half_normal(random));
  const double before = calibrator.p_value(12.0);
  calibrator.learn(1e6);
  for (int i = 0; i < 1000; ++i) calibrator.learn(half_normal(random));
  EXPECT_LT(before, 1e-5);
  EXPECT_LT(calibrator.p_value(12.0), 1e-4);
}

TEST(Calibrator, FollowsAChangeOfWhatIsNormal) {
  Philox random(12);
  Calibrator calibrator;
  for (int i = 0; i < 20'000; ++i) calibrator.learn(half_normal(random));
  for (int i = 0; i < 20'000; ++i) calibrator.learn(3.0 * half_normal(random));
  EXPECT_GT(calibrator.p_value(6.0), 0.01);
}

TEST(Calibrator, StateRoundTripsAndReplaysBitForBit) {
  for (const auto kind : {Calibrator::Kind::pot, Calibrator::Kind::conformal}) {
    Philox random(13);
    Calibrator first(Calibrator::Null::unknown, {.kind = kind});
    for (int i = 0; i < 3000; ++i) first.learn(test::poisson(random, 2.0));
    StateWriter saved;
    Calibrator::state(std::as_const(first), saved);
    Calibrator second(Calibrator::Null::unknown, {.kind = kind});
    StateReader reader(saved.bytes());
    Calibrator::state(second, reader);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(first, second);
    for (int i = 0; i < 1000; ++i) {
      const double score = test::poisson(random, 2.0);
      EXPECT_EQ(first.p_value(score), second.p_value(score));
      first.learn(score);
      second.learn(score);
    }
  }
}

TEST(Calibrator, RejectsAnImpossibleWindow) {
  EXPECT_THROW(Calibrator(Calibrator::Null::unknown, {.window_samples = 1}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
