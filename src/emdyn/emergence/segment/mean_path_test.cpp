#include "emdyn/emergence/segment/mean_path.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/segment/cost.hpp"

namespace emdyn::emergence::segment {
namespace {

/// Levels that move by `size` deviations about every `length` samples; some series rounded, so that values repeat.
std::vector<double> random_levels(std::uint64_t seed, std::size_t count, double length, double size,
                                  bool rounded) {
  Philox random(seed, 19);
  std::vector<double> values(count);
  double level = 0.0;
  for (double& value : values) {
    if (random.uniform() < 1.0 / length) level = size * random.normal();
    value = level + random.normal();
    if (rounded) value = std::round(value);
  }
  return values;
}

// The published programme says: the same as optimal partitioning. Random series of all kinds, with and without the
// term of the lengths, for shortest segments of 1 to 7 samples.
TEST(LeastMeanCost, EqualsTheDynamicProgramme) {
  std::uint64_t seed = 0;
  for (const std::size_t count : {2UL, 3UL, 15UL, 120UL, 700UL}) {
    for (const double length : {4.0, 40.0, 1e9}) {
      for (const double size : {0.5, 4.0}) {
        ++seed;
        const auto values = random_levels(seed, count, length, size, seed % 3 == 0);
        const double variance = seed % 2 == 0 ? 1.0 : 0.3;
        const MeanCost cost(values, variance);
        for (const std::size_t shortest : {1UL, 2UL, 7UL}) {
          for (const Penalty penalty :
               {Penalty{0.5, 0.0}, Penalty{8.0, 0.0}, Penalty{3.0, 1.0}, Penalty{20.0, 1.0}}) {
            const auto exact = least_cost(cost, {count, shortest, 1}, penalty);
            const auto found = least_mean_cost(values, variance, penalty, shortest);
            EXPECT_NEAR(total_cost(cost, count, found, penalty),
                        total_cost(cost, count, exact, penalty), 1e-8)
                << seed << " " << count << " " << shortest << " " << penalty.per_change;
          }
        }
      }
    }
  }
}

TEST(LeastMeanCost, FindsEveryPulseOfALongSeries) {
  constexpr std::size_t kSamples = 200'000;
  Philox random(5);
  std::vector<double> values(kSamples);
  std::vector<std::size_t> truth;
  for (std::size_t pulse = 1; pulse <= 40; ++pulse) {
    truth.push_back(pulse * 4800);
    truth.push_back(pulse * 4800 + 30);
  }
  for (double& value : values) value = 0.1 * random.normal();
  for (std::size_t i = 0; i < truth.size(); i += 2)
    for (std::size_t t = truth[i]; t < truth[i + 1]; ++t) values[t] += 1.0;
  const double per_change = 3.0 * std::log(static_cast<double>(kSamples));
  EXPECT_EQ(least_mean_cost(values, 0.01, {per_change, 1.0}, 2), truth);
}

// One change by hand: 0 0 0 0 5 5 5 5; the step saves 8 · 2.5² = 50.
TEST(LeastMeanCost, KnowsAStepByHand) {
  const std::vector<double> values{0, 0, 0, 0, 5, 5, 5, 5};
  EXPECT_EQ(least_mean_cost(values, 1.0, {49.0, 0.0}, 2), std::vector<std::size_t>{4});
  EXPECT_EQ(least_mean_cost(values, 1.0, {51.0, 0.0}, 2), std::vector<std::size_t>{});
  EXPECT_TRUE(least_mean_cost(std::vector<double>(100, 3.0), 1.0, {1.0, 0.0}, 2).empty());
}

// Both programmes for a fixed number of changes, and enumeration for one change.
TEST(BestChanges, ThePrunedProgrammesAgree) {
  for (std::uint64_t seed = 100; seed < 112; ++seed) {
    const std::size_t count = 60 + 17 * (seed % 5);
    const auto values = random_levels(seed, count, 15.0, 3.0, seed % 3 == 0);
    const MeanCost cost(values, 1.0);
    for (const std::size_t shortest : {1UL, 2UL, 5UL}) {
      for (const std::size_t changes : {1UL, 2UL, 5UL}) {
        const auto functional = best_mean_changes(values, changes, shortest);
        const auto pruned = best_changes(cost, {count, shortest, 1}, changes, true);
        const auto plain = best_changes(cost, {count, shortest, 1}, changes, false);
        ASSERT_EQ(functional.size(), changes);
        ASSERT_EQ(plain.size(), changes);
        const double least = total_cost(cost, count, plain, {});
        EXPECT_NEAR(total_cost(cost, count, functional, {}), least, 1e-8);
        EXPECT_NEAR(total_cost(cost, count, pruned, {}), least, 1e-8);
      }
    }
    double least = 1e300;
    for (std::size_t at = 2; at + 2 <= count; ++at)
      least = std::min(least, cost(0, at) + cost(at, count));
    EXPECT_NEAR(total_cost(cost, count, best_mean_changes(values, 1, 2), {}), least, 1e-8);
  }
}

TEST(BestChanges, AsManyAsThereIsRoomFor) {
  const std::vector<double> values{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(best_mean_changes(values, 5, 1), (std::vector<std::size_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(best_mean_changes(values, 2, 2), (std::vector<std::size_t>{2, 4}));
  const MeanCost cost(values, 1.0);
  EXPECT_EQ(best_changes(cost, {6, 2, 1}, 9), (std::vector<std::size_t>{2, 4}));
}

TEST(LeastMeanCost, Stops) {
  const std::atomic<bool> stop{true};
  EXPECT_THROW(
      (void)least_mean_cost(std::vector<double>(10'000, 1.0), 1.0, {3.0, 1.0}, 2, Task(&stop)),
      Task::Stopped);
}

}  // namespace
}  // namespace emdyn::emergence::segment
