#include "emdyn/emergence/information/emergence_criteria.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/test_laws.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

EmergenceCriteria criteria_of(const Law& law) {
  const Law whole = law.with([](const std::vector<int>& v) { return v[0] ^ v[1]; })
                        .with([](const std::vector<int>& v) { return v[2] ^ v[3]; });
  return emergence_criteria(whole.entropies(), {{0}, {1}}, {{2}, {3}}, {4}, {5});
}

void expect_bits(const EmergenceCriteria& found, double psi, double delta, double gamma) {
  EXPECT_NEAR(found.psi, psi * kBit, 5e-7);
  EXPECT_NEAR(found.delta, delta * kBit, 5e-7);
  EXPECT_NEAR(found.gamma, gamma * kBit, 5e-7);
}

TEST(EmergenceCriteria, KnownLaws) {
  expect_bits(criteria_of(xor_and_coin()), 0.0, 1.0, 1.0);
  expect_bits(criteria_of(parity_kept(1.0)), 1.0, 0.0, 0.0);
  expect_bits(criteria_of(self_copy()), 1.0, -1.0, 0.0);
  expect_bits(criteria_of(coins()), 0.0, 0.0, 0.0);
  expect_bits(criteria_of(swapped()), 1.0, -1.0, 0.0);
  expect_bits(criteria_of(parity_kept(0.9)), 0.531004, 0.0, 0.0);
}

/// Two bits whose parity is kept with chance .9, else random.
Signals parity_path(std::int64_t rows, std::uint64_t seed) {
  Philox random(seed);
  Signals path(rows, 2);
  unsigned parity = 0;
  for (Eigen::Index t = 0; t < rows; ++t) {
    parity ^= static_cast<unsigned>(random.uniform() < 0.1);
    const unsigned bit = random.below(2);
    path(t, 0) = bit;
    path(t, 1) = bit ^ parity;
  }
  return path;
}

/// Bits that keep their value with chance .9, each for itself.
Signals sticky_path(std::int64_t rows, std::int64_t parts, std::uint64_t seed) {
  Philox random(seed);
  Signals path(rows, parts);
  for (Eigen::Index j = 0; j < parts; ++j) {
    unsigned bit = random.below(2);
    for (Eigen::Index t = 0; t < rows; ++t) {
      bit ^= static_cast<unsigned>(random.uniform() < 0.1);
      path(t, j) = bit;
    }
  }
  return path;
}

EmergenceOptions discrete_options() {
  EmergenceOptions options;
  options.macro = Macro::parity;
  options.estimator = CriteriaEstimator::discrete;
  options.surrogates = 99;
  return options;
}

TEST(EmergenceCriteria, ParityIsEmergent) {
  const EmergenceFound found = find_emergence(parity_path(3000, 1), discrete_options());
  EXPECT_NEAR(found.psi.value.estimate, 0.531004 * kBit, 0.05);
  EXPECT_LT(found.psi.value.low, 0.531004 * kBit);
  EXPECT_GT(found.psi.value.high, 0.531004 * kBit);
  EXPECT_EQ(found.psi.p_value, 0.01);
  EXPECT_TRUE(found.emergent);
}

TEST(EmergenceCriteria, SelfCopiesAreNot) {
  // Ψ is far above 0, as for the law of self-copies; the null reaches it as well.
  const EmergenceFound found = find_emergence(sticky_path(3000, 2, 2), discrete_options());
  const double kept = 0.82;  // Both keep or both turn.
  const double truth = std::log(2.0) + kept * std::log(kept) + (1.0 - kept) * std::log(1.0 - kept);
  EXPECT_NEAR(found.psi.value.estimate, truth, 0.04);
  EXPECT_GT(found.psi.p_value, 0.1);
  EXPECT_LT(found.psi.null_low, found.psi.value.estimate);
  EXPECT_GT(found.psi.null_high, found.psi.value.estimate);
  EXPECT_FALSE(found.emergent);
}

TEST(EmergenceCriteria, FalseAlarmsOfIndependentParts) {
  int psi = 0;
  int delta = 0;
  constexpr int kRounds = 100;
  EmergenceOptions options;
  options.surrogates = 39;
  options.blocks = 0;
  for (int round = 0; round < kRounds; ++round) {
    VectorAutoregression apart = driven_pair(0.9, 0.6, 0.0);
    const Signals path = path_of(apart, 200, 50 + static_cast<std::uint64_t>(round));
    const EmergenceFound found = find_emergence(path, options);
    psi += found.psi.p_value <= 0.1;
    delta += found.delta.p_value <= 0.1;
  }
  EXPECT_LE(psi, 19);  // a tenth of 100 and three standard errors
  EXPECT_LE(delta, 19);
}

TEST(EmergenceCriteria, GivenMacroAndSeveralColumns) {
  const Signals path = path_of(driven_pair(0.6, 0.5, 0.4), 800, 3);
  const auto both = [](const Signals& rows) -> Signals { return standardised(rows); };
  EmergenceOptions options;
  options.surrogates = 19;
  const EmergenceFound found = find_emergence(path, both, options);
  EXPECT_TRUE(std::isfinite(found.psi.value.estimate));
  EXPECT_EQ(found.steps, 799U);
  EXPECT_EQ(records({"a", "b"}, found, options).size(), 3U);
  EXPECT_EQ(records({"a", "b"}, found, options)[0].null.kind, "independent_parts");
}

TEST(EmergenceCriteria, SameWhateverTheThreads) {
  const Signals path = path_of(driven_pair(0.6, 0.5, 0.4), 300, 4);
  EmergenceOptions options;
  options.macro = Macro::principal_component;
  options.surrogates = 39;
  const EmergenceFound many = find_emergence(path, options);
  const ThreadLimit one(1);
  const EmergenceFound alone = find_emergence(path, options);
  EXPECT_EQ(alone.psi.p_value, many.psi.p_value);
  EXPECT_EQ(alone.psi.value, many.psi.value);
  EXPECT_EQ(alone.delta.null_high, many.delta.null_high);
}

TEST(EmergenceCriteria, Rejected) {
  EXPECT_THROW(find_emergence(noise(100, 1, 1)), DataError);
  EXPECT_THROW(find_emergence(noise(20, 2, 1)), DataError);
  Signals flat = noise(100, 2, 1);
  flat.col(1).setConstant(2.0);
  EXPECT_THROW(find_emergence(flat), DataError);
  Signals hole = noise(100, 2, 1);
  hole(5, 0) = std::nan("");
  EXPECT_THROW(find_emergence(hole), DataError);
  EmergenceOptions options;
  options.lag = 0;
  EXPECT_THROW(find_emergence(noise(100, 2, 1), options), ConfigError);
  // A macro that never changes has no information.
  const auto constant = [](const Signals& rows) -> Signals {
    return Signals::Ones(rows.rows(), 1);
  };
  EXPECT_THROW(find_emergence(noise(100, 2, 1), constant), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::information
