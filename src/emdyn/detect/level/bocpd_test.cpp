#include "emdyn/detect/level/bocpd.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Annual flow of the Nile at Aswan, 1871-1970, 10^8 m^3 (Cobb, Biometrika 65, 1978).
constexpr double kNile[] = {
    1120, 1160, 963, 1210, 1160, 1160, 813,  1230, 1370, 1140, 995,  935,  1110, 994,  1020,
    960,  1180, 799, 958,  1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774,  840,
    874,  694,  940, 833,  701,  916,  692,  1020, 1050, 969,  831,  726,  456,  824,  702,
    1120, 1100, 832, 764,  821,  768,  845,  864,  862,  698,  845,  744,  796,  1040, 759,
    781,  865,  845, 944,  984,  897,  822,  1010, 771,  676,  649,  846,  812,  742,  801,
    1040, 860,  874, 848,  890,  744,  749,  838,  1050, 918,  986,  797,  923,  975,  815,
    1020, 906,  901, 1170, 912,  746,  919,  718,  714,  740};

// Known answer, computed independently: posterior after six samples, unit normal-inverse-gamma
// prior, hazard 0.01.
TEST(Bocpd, MatchesTheKnownPosterior) {
  Bocpd bocpd({.scale_samples = 0});
  for (const double sample : {0.1, -0.2, 0.05, 3.0, 3.1, 2.9}) {
    bocpd.update(sample);
    EXPECT_NEAR(bocpd.run_length_probability(0), 0.01, 1e-12);  // Always the hazard.
  }
  constexpr double kKnown[] = {0.01,
                               0.0035831628918002326,
                               0.006906082343648095,
                               0.20329070833687932,
                               0.03840714509023279,
                               0.011403052961274038,
                               0.7264098483761655};
  for (std::uint64_t length = 0; length < 7; ++length) {
    EXPECT_NEAR(bocpd.run_length_probability(length), kKnown[length], 1e-9);
  }
}

// Published known answer: the change of 1898/99, after the first dam at Aswan.
TEST(Bocpd, FindsTheNileChangeBy1903) {
  Bocpd bocpd(Bocpd::Config{});
  int alarm = 0;
  for (int i = 0; i < 100 && alarm == 0; ++i) {
    if (bocpd.update(kNile[i]) > 1.0) alarm = 1871 + i;
  }
  ASSERT_NE(alarm, 0);
  EXPECT_LE(alarm, 1903);
  EXPECT_GE(alarm, 1899);
  const Evidence evidence = bocpd.evidence();
  EXPECT_EQ(evidence.direction, Direction::fall);
  EXPECT_LE(alarm - static_cast<int>(evidence.onset_earliest_ago), 1899);
  EXPECT_GE(alarm - static_cast<int>(evidence.onset_latest_ago), 1899);
}

// Property: the posterior is one, however many run lengths were dropped.
TEST(Bocpd, ItsPosteriorSumsToOne) {
  Philox random(1);
  Bocpd bocpd({.most_runs = 16});
  for (int i = 0; i < 500; ++i) bocpd.update(random.normal() + (i < 250 ? 0.0 : 2.0));
  double sum = 0.0;
  for (std::uint64_t length = 0; length <= 500; ++length) {
    sum += bocpd.run_length_probability(length);
  }
  EXPECT_NEAR(sum, 1.0, 1e-9);
}

// Property: dropping unlikely run lengths hardly moves the score.
TEST(Bocpd, PruningKeepsTheAnswer) {
  Bocpd full({.most_runs = 5000, .negligible = 0.0});
  Bocpd pruned(Bocpd::Config{});
  Philox random(2);
  for (int i = 0; i < 600; ++i) {
    const double sample = random.normal() + (i < 300 ? 0.0 : 3.0);
    const double exact = full.update(sample);
    const double close = pruned.update(sample);
    ASSERT_NEAR(close / (1.0 + close), exact / (1.0 + exact), 0.05) << i;
  }
}

// Property: chance alarms are rare, and a change is found within its first samples.
TEST(Bocpd, IsCalmUntilAChange) {
  int early = 0;
  int found = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Philox random(seed);
    Bocpd bocpd(Bocpd::Config{});
    for (int i = 0; i < 300; ++i) early += bocpd.update(random.normal()) > 1.0;
    bool alarm = false;
    for (int i = 0; i < 15; ++i) alarm |= bocpd.update(random.normal() + 3.0) > 1.0;
    found += alarm;
  }
  EXPECT_LE(early, 40 * 300 / 40);  // Even odds come by chance now and then.
  EXPECT_GE(found, 38);
}

TEST(Bocpd, NoticesAChangeOfVariance) {
  Philox random(5);
  Bocpd bocpd(Bocpd::Config{});
  for (int i = 0; i < 300; ++i) bocpd.update(random.normal());
  double most = 0.0;
  for (int i = 0; i < 30; ++i) most = std::max(most, bocpd.update(6.0 * random.normal()));
  EXPECT_GT(most, 1.0);
}

// Property: the density is the library's Student-t, and every instruction set gives the same bits.
TEST(BocpdRuns, EqualsStudentOnEveryInstructionSet) {
  const BocpdRuns::Prior prior{.kappa = 0.7, .alpha = 1.3, .beta = 2.1};
  BocpdRuns start(65, prior);
  for (int i = 64; i > 0; --i) {
    const double length = std::floor(i * i * 0.5);
    start.push_back({1.0 / i, length, 0.1 * i - 3.0, 0.5 + length});
  }
  BocpdRuns reference = start;
  const double total = reference.observe(1.7, InstructionSet::portable);
  double sum = 0.0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    const auto run = start[i];
    const double kappa = prior.kappa + run.length;
    const double alpha = prior.alpha + 0.5 * run.length;
    const double width = 2.0 * run.beta * (kappa + 1.0) / kappa;
    const double distance = 1.7 - run.mean;
    const double density = std::exp(std::lgamma(alpha + 0.5) - std::lgamma(alpha) -
                                    0.5 * std::log(std::numbers::pi * width) -
                                    (alpha + 0.5) * std::log1p(distance * distance / width));
    EXPECT_NEAR(reference[i].probability, run.probability * density,
                1e-8 * run.probability * density);
    sum += run.probability * density;
  }
  EXPECT_NEAR(total, sum, 1e-8 * sum);
  for (const auto set : {InstructionSet::avx2, InstructionSet::avx512}) {
    if (set > best_instruction_set()) continue;
    BocpdRuns runs = start;
    EXPECT_EQ(runs.observe(1.7, set), total);
    EXPECT_EQ(runs, reference);
    BocpdRuns scaled = reference;
    const auto expected = scaled.scale(0.3, 50.0, InstructionSet::portable);
    const auto found = runs.scale(0.3, 50.0, set);
    EXPECT_EQ(found.recent, expected.recent);
    EXPECT_EQ(found.older, expected.older);
    EXPECT_EQ(runs, scaled);
  }
}

TEST(Bocpd, RejectsAHazardOfOne) { EXPECT_THROW(Bocpd({.hazard = 1.0}), ConfigError); }

}  // namespace
}  // namespace emdyn::detect
