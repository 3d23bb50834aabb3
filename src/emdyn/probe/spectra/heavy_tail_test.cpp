#include "emdyn/probe/spectra/heavy_tail.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/probe/spectra/spectrum.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

/// A power law of exponent `alpha` above 1, below it (a share of `body`) uniform on (0, 1).
std::vector<double> power_law(std::size_t count, double alpha, double body, std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> values(count);
  for (double& value : values) {
    value = random.uniform() < body ? 1e-3 + (1.0 - 1e-3) * random.uniform()
                                    : std::pow(1.0 - random.uniform(), -1.0 / (alpha - 1.0));
  }
  return values;
}

TEST(HeavyTail, ByHand) {
  // Five values: only the whole is long enough, so x_min is the least; Σln(x/1) = 10 ln 2.
  const HeavyTail tail = heavy_tail(std::vector<double>{16, 8, 4, 2, 1}, {.least_tail = 5});
  EXPECT_NEAR(tail.alpha.value, 1.0 + 5.0 / (10.0 * std::log(2.0)), 1e-12);
  EXPECT_NEAR(*tail.alpha.standard_error, (tail.alpha.value - 1.0) / std::sqrt(5.0), 1e-12);
  EXPECT_NEAR(tail.x_min, 1.0, 1e-12);
  EXPECT_EQ(tail.tail, 5U);
  // At 1 the law has 0 and the data a step to 1/5; at 2 the law has 1 − 2^(1−α) = .3935 against
  // 1/5.
  const double at_two = 1.0 - std::pow(2.0, 1.0 - tail.alpha.value);
  const double at_four = 1.0 - std::pow(4.0, 1.0 - tail.alpha.value);
  EXPECT_NEAR(tail.distance, std::max({0.2, at_two - 0.2, at_four - 0.4}), 1e-12);
  EXPECT_FALSE(tail.p_value.has_value());
}

TEST(HeavyTail, DoesNotDependOnTheUnit) {
  auto values = power_law(500, 2.5, 0.4, 3);
  const HeavyTail tail = heavy_tail(values);
  for (double& value : values) value *= 1e-6;
  const HeavyTail scaled = heavy_tail(values);
  EXPECT_NEAR(scaled.alpha.value, tail.alpha.value, 1e-9);
  EXPECT_NEAR(scaled.x_min, tail.x_min * 1e-6, 1e-12);
  EXPECT_EQ(scaled.tail, tail.tail);
}

// The exponent is within its stated error: of pure power laws, two errors hold it in about 95 %.
TEST(HeavyTail, FindsTheExponentWithinItsError) {
  for (const double alpha : {2.0, 2.5, 3.5}) {
    int held = 0;
    constexpr int kRuns = 60;
    for (int run = 0; run < kRuns; ++run) {
      const auto values = power_law(1000, alpha, 0.3, 100 + static_cast<std::uint64_t>(run));
      const HeavyTail tail = heavy_tail(values);
      held += std::abs(tail.alpha.value - alpha) <= 2.0 * *tail.alpha.standard_error ? 1 : 0;
    }
    EXPECT_GE(held, 47) << alpha;
  }
}

TEST(HeavyTail, FindsWhereTheTailBegins) {
  const HeavyTail tail = heavy_tail(power_law(5000, 2.5, 0.6, 8));
  EXPECT_NEAR(tail.x_min, 1.0, 0.15);
  EXPECT_NEAR(static_cast<double>(tail.tail), 2000.0, 300.0);
}

// A power law passes its own test; an exponential fitted over its whole range does not.
TEST(HeavyTail, JudgesTheFit) {
  const HeavyTail good = heavy_tail(power_law(600, 2.5, 0.0, 4), {.replicates = 99});
  EXPECT_GT(*good.p_value, 0.1);
  EXPECT_GT(*good.bootstrap_error, 0.5 * *good.alpha.standard_error);
  Philox random(5);
  std::vector<double> exponential(2000);
  for (double& value : exponential) value = 1.0 - std::log1p(-random.uniform());
  const HeavyTail bad = heavy_tail(exponential, {.least_tail = 1000, .replicates = 99});
  EXPECT_LE(*bad.p_value, 0.02);
}

TEST(HeavyTail, ReplicatesDoNotDependOnThreads) {
  const auto values = power_law(300, 2.5, 0.2, 4);
  const HeavyTail free = heavy_tail(values, {.replicates = 30, .seed = 7});
  const ThreadLimit one(1);
  const HeavyTail alone = heavy_tail(values, {.replicates = 30, .seed = 7});
  EXPECT_EQ(free.p_value, alone.p_value);
  EXPECT_EQ(free.bootstrap_error, alone.bootstrap_error);
}

// Known spectrum: entries with a Pareto tail of index μ < 4 give eigenvalues whose tail has
// P(λ > x) ~ x^(−μ/2), so α = 1 + μ/2 (Auffinger, Ben Arous and Péché 2009).
TEST(HeavyTail, SpectrumOfHeavyTailedEntries) {
  Philox random(11);
  std::vector<double> entries(300 * 300);
  for (double& entry : entries) {
    entry = std::pow(1.0 - random.uniform(), -1.0 / 1.5) * (random.uniform() < 0.5 ? -1.0 : 1.0);
  }
  const HeavyTail tail = heavy_tail(spectrum(view(entries, 300, 300)).eigenvalues);
  EXPECT_NEAR(tail.alpha.value, 1.75, 3.0 * *tail.alpha.standard_error);
}

TEST(HeavyTail, RefusesWhatHasNoTail) {
  EXPECT_THROW(heavy_tail(std::vector<double>{}), DataError);
  EXPECT_THROW(heavy_tail(std::vector<double>(9, 1.0)), DataError);
  EXPECT_THROW(heavy_tail(std::vector<double>(100, 3.25)), DataError);
  EXPECT_THROW(heavy_tail(std::vector<double>(100, 0.0)), DataError);
  EXPECT_THROW(heavy_tail(std::vector<double>(100, NAN)), DataError);
  EXPECT_THROW(heavy_tail(power_law(50, 2.0, 0.0, 1), {.least_tail = 2}), ConfigError);
  EXPECT_THROW(heavy_tail(power_law(50, 2.0, 0.0, 1), {.replicates = -1}), ConfigError);
}

TEST(HeavyTail, LeavesOutZeros) {
  auto values = power_law(200, 2.5, 0.0, 9);
  const double alpha = heavy_tail(values).alpha.value;
  values.resize(260, 0.0);
  const HeavyTail tail = heavy_tail(values);
  EXPECT_EQ(tail.alpha.value, alpha);
  EXPECT_EQ(tail.count, 200U);
}

}  // namespace
}  // namespace emdyn::probe
