#include "emdyn/detect/alarm/discovery_gate.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

// By hand: the first block is tested at 0.1 * 0.474 / (2 ln^2 2) = 0.0493; its e-value, the mean of
// 100, must reach 20.3, so that of one sample about 2,030: p = 1e-4 gives 118, p = 1e-6 5,239.
TEST(DiscoveryGate, TellsWhatIsSureEnough) {
  DiscoveryGate gate(0.1);
  EXPECT_FALSE(gate.push(0, 1e-4));
  EXPECT_TRUE(gate.push(0, 1e-6));
  for (int i = 2; i < 100; ++i) EXPECT_TRUE(gate.push(0, std::nullopt));  // The same block.
  EXPECT_FALSE(gate.push(0, 1.0));
  EXPECT_EQ(gate.discoveries(), 1U);
  EXPECT_EQ(gate.tests(), 2U);
}

// The tenth test, after no discovery, at 0.1 * 0.474 / (11 ln^2 11) = 7.5e-4; after one at twice
// that: e-values of a sample from 133,500 and 66,750. p = 4e-8 gives 86,100.
TEST(DiscoveryGate, EveryDiscoveryMakesTheNextEasier) {
  DiscoveryGate none(0.1);
  DiscoveryGate one(0.1);
  EXPECT_TRUE(one.push(0, 1e-9));
  EXPECT_FALSE(none.push(0, 1.0));
  for (std::size_t signal = 1; signal < 9; ++signal) {
    EXPECT_FALSE(one.push(signal, 1.0));
    EXPECT_FALSE(none.push(signal, 1.0));
  }
  EXPECT_FALSE(none.push(9, 4e-8));
  EXPECT_TRUE(one.push(9, 4e-8));
}

TEST(DiscoveryGate, RejectsAnImpossibleRate) {
  EXPECT_THROW(DiscoveryGate(0.0), ConfigError);
  EXPECT_THROW(DiscoveryGate(1.0), ConfigError);
}

struct Share {
  double false_ones = 0.0;  // Mean share of false ones among the tests that told.
  double found = 0.0;       // Of the spikes.
};

/// Forty signals share a wandering common cause (correlation 0.8 between any two), six of them
/// have a spike of ten deviations in one of their first four tests; 1,000 samples.
Share simulate(double rate, int runs, bool spikes) {
  constexpr std::size_t kSignals = 40;
  constexpr std::size_t kChanged = 6;
  Share share;
  for (int run = 0; run < runs; ++run) {
    Philox random(static_cast<std::uint64_t>(run), 77);
    DiscoveryGate gate(rate);
    double common = 0.0;
    double false_tests = 0.0;
    double true_tests = 0.0;
    std::vector<bool> told(kSignals, false);
    for (int t = 0; t < 1000; ++t) {
      common = 0.9 * common + std::sqrt(1.0 - 0.81) * random.normal();
      for (std::size_t s = 0; s < kSignals; ++s) {
        const double noise = std::sqrt(0.8) * common + std::sqrt(0.2) * random.normal();
        const bool hit = spikes && s < kChanged && t == 50 + 60 * static_cast<int>(s);
        const double p = math::two_sided_normal(std::abs(noise + (hit ? 10.0 : 0.0)));
        if (t % 100 == 0) told[s] = false;
        if (!gate.push(s, p) || told[s]) continue;
        told[s] = true;
        const bool real =
            spikes && s < kChanged && t / 100 == (50 + 60 * static_cast<int>(s)) / 100;
        (real ? true_tests : false_tests) += 1.0;
      }
    }
    share.false_ones += false_tests / std::max(1.0, false_tests + true_tests) / runs;
    share.found += true_tests / kChanged / runs;
  }
  return share;
}

// Property: the share of false ones keeps its bound where signals depend on each other strongly.
// 300 runs: a true share of 0.1 would stay below 0.14 with more than 99 %.
TEST(DiscoveryGate, BoundsTheShareOfFalseOnesAmongDependentSignals) {
  for (const double rate : {0.1, 0.3}) {
    const double slack = 2.5 * std::sqrt(rate * (1.0 - rate) / 300.0);
    EXPECT_LE(simulate(rate, 300, false).false_ones, rate + slack) << rate;
    const Share share = simulate(rate, 300, true);
    EXPECT_LE(share.false_ones, rate + slack) << rate;
    EXPECT_GE(share.found, 0.9) << rate;
  }
}

}  // namespace
}  // namespace emdyn::detect
