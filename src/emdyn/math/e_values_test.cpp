#include "emdyn/math/e_values.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::math {
namespace {

// By hand: (1 - p + p ln p) / (p ln^2 p) at p = 1 / e is (1 - 2/e) e, and tends to 1/2 at p = 1.
TEST(EFromP, KnownAnswers) {
  EXPECT_NEAR(e_from_p(std::exp(-1.0)), std::exp(1.0) - 2.0, 1e-12);
  EXPECT_NEAR(e_from_p(1.0), 0.5, 1e-12);
  EXPECT_NEAR(e_from_p(1.0 - 1.01e-4), e_from_p(1.0 - 0.99e-4), 1e-5);
  EXPECT_GT(e_from_p(0.0), 1e290);
  EXPECT_TRUE(std::isfinite(e_from_p(0.0)));
}

// An e-value: its mean under uniform p is 1. Substituting p = e^-t, by the midpoint rule up to
// e^-40, beyond which 1 / 40 is left.
TEST(EFromP, HasMeanOne) {
  double mean = 0.0;
  for (double t = 0.0005; t < 40.0; t += 0.001)
    mean += 0.001 * e_from_p(std::exp(-t)) * std::exp(-t);
  EXPECT_NEAR(mean, 1.0 - 1.0 / 40.0, 1e-4);
}

// By hand: 5 tests at 0.2 need 25 / k.
TEST(EBh, ByHand) {
  const std::array e{1.0, 13.0, 0.5, 12.6, 8.0};
  EXPECT_EQ(e_bh(e, 0.2), (std::vector<std::size_t>{1, 3}));
  const std::array more{1.0, 13.0, 8.4, 12.6, 8.4};
  EXPECT_EQ(e_bh(more, 0.2), (std::vector<std::size_t>{1, 2, 3, 4}));
  EXPECT_TRUE(e_bh({}, 0.2).empty());
}

TEST(ELond, SpendsItsLevelOnce) {
  for (const auto spending : {ELond::Spending::early, ELond::Spending::late}) {
    ELond lond(0.1, spending);
    double sum = 0.0;
    for (int t = 0; t < 100'000; ++t) {
      sum += lond.next_level();
      EXPECT_FALSE(lond.test(0.0));
    }
    EXPECT_LE(sum, 0.1);
    EXPECT_GE(sum, 0.09);
  }
}

TEST(ELond, RejectsAnImpossibleLevel) {
  EXPECT_THROW(ELond(0.0), ConfigError);
  EXPECT_THROW(ELond(1.0), ConfigError);
}

/// Two hundred tests, a tenth of them with something to find; their normal statistics share a
/// factor, with both signs, so that they depend on each other positively and negatively.
struct Trial {
  std::vector<double> p;
  std::vector<bool> real;
};

Trial trial(std::uint64_t number, double shared) {
  Philox random(77, number);
  Trial made;
  const double common = random.normal();
  for (int i = 0; i < 200; ++i) {
    const bool real = random.uniform() < 0.1;
    const double sign = i % 2 == 0 ? 1.0 : -1.0;
    const double z = std::sqrt(shared) * sign * common + std::sqrt(1.0 - shared) * random.normal();
    made.p.push_back(normal_sf(z + (real ? 6.0 : 0.0)));
    made.real.push_back(real);
  }
  return made;
}

struct Rates {
  double false_share = 0.0;
  double found_share = 0.0;
};

template <class Decide>
Rates rates(double shared, Decide decide) {
  constexpr int kTrials = 1000;
  Rates sum;
  for (std::uint64_t t = 0; t < kTrials; ++t) {
    const Trial made = trial(t, shared);
    double real = 0.0;
    for (const bool is : made.real) real += is ? 1.0 : 0.0;
    double found = 0.0;
    double wrong = 0.0;
    for (const std::size_t i : decide(made.p)) {
      found += 1.0;
      wrong += made.real[i] ? 0.0 : 1.0;
    }
    sum.false_share += wrong / std::max(found, 1.0) / kTrials;
    sum.found_share += (found - wrong) / std::max(real, 1.0) / kTrials;
  }
  return sum;
}

// Property: the false discovery rate is at most alpha, under dependence, and something is found.
TEST(FalseDiscoveryRate, HoldsUnderDependence) {
  constexpr double kAlpha = 0.2;
  const auto batch = [](const std::vector<double>& p) {
    std::vector<double> e;
    for (const double each : p) e.push_back(e_from_p(each));
    return e_bh(e, kAlpha);
  };
  const auto online = [](const std::vector<double>& p) {
    ELond lond(kAlpha, ELond::Spending::late);
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (lond.test(e_from_p(p[i]))) found.push_back(i);
    }
    return found;
  };
  for (const double shared : {0.0, 0.5, 0.95}) {
    const Rates of_batch = rates(shared, batch);
    EXPECT_LE(of_batch.false_share, kAlpha) << shared;
    EXPECT_GE(of_batch.found_share, 0.7) << shared;
    const Rates of_online = rates(shared, online);
    EXPECT_LE(of_online.false_share, kAlpha) << shared;
    EXPECT_GE(of_online.found_share, 0.4) << shared;
  }
}

// Property: whatever the samples of a block have to do with each other, its e-value is one.
TEST(BlockEvidence, HasMeanAtMostOneForEqualSamples) {
  Philox random(5);
  double mean = 0.0;
  constexpr int kBlocks = 20'000;
  for (int b = 0; b < kBlocks; ++b) {
    BlockEvidence block;
    const double p = random.uniform();
    while (!block.complete()) block.add(p);
    mean += std::min(block.e_value(), 1e4) / kBlocks;
  }
  EXPECT_LE(mean, 1.05);
  EXPECT_GE(mean, 0.7);
}

}  // namespace
}  // namespace emdyn::math
