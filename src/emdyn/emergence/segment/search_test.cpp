#include "emdyn/emergence/segment/search.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/segment/cost.hpp"

namespace emdyn::emergence::segment {
namespace {

std::vector<double> steps(std::uint64_t seed, std::size_t count) {
  Philox random(seed);
  std::vector<double> values(count);
  double level = 0.0;
  for (double& value : values) {
    if (random.uniform() < 0.04) level = 3.0 * random.normal();
    value = level + random.normal();
  }
  return values;
}

/// All segmentations, one by one.
template <class Cost>
double brute_force(const Cost& cost, const Grid& grid, const Penalty& penalty) {
  double least = total_cost(cost, grid.samples, {}, penalty);
  for (std::uint32_t mask = 1; mask < (1U << (grid.samples - 1)); ++mask) {
    std::vector<std::size_t> changes;
    std::size_t before = 0;
    bool allowed = true;
    for (std::size_t i = 1; i < grid.samples; ++i) {
      if ((mask >> (i - 1) & 1U) == 0U) continue;
      allowed = allowed && i - before >= grid.min_length;
      before = i;
      changes.push_back(i);
    }
    if (!allowed || grid.samples - before < grid.min_length) continue;
    least = std::min(least, total_cost(cost, grid.samples, changes, penalty));
  }
  return least;
}

TEST(LeastCost, EqualsEnumerationOfAllSegmentations) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const auto values = steps(seed, 14);
    const TrendCost cost(values, 1.0);
    const Grid grid{14, TrendCost::kMinLength, 1};
    for (const double per_change : {0.5, 2.0, 8.0}) {
      const Penalty penalty{per_change, 1.0};
      const auto found = least_cost(cost, grid, penalty);
      EXPECT_NEAR(total_cost(cost, 14, found, penalty), brute_force(cost, grid, penalty), 1e-9);
    }
  }
}

// PELT is exact: same change points as optimal partitioning without pruning.
TEST(LeastCost, PruningChangesNothing) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto values = steps(100 + seed, 250);
    const MeanCost mean(values, 1.0);
    const TrendCost trend(values, 1.0);
    const MeanVarianceCost both(values, 1e-6);
    const DistributionCost any(values);
    const auto same = [](const auto& cost, std::size_t min_length, const Penalty& penalty) {
      const Grid grid{250, min_length, 1};
      EXPECT_EQ(least_cost(cost, grid, penalty, true), least_cost(cost, grid, penalty, false));
    };
    for (const double per_change : {4.0, 12.0, 25.0}) {
      same(mean, MeanCost::kMinLength, {per_change, 1.0});
      same(trend, 7, {per_change, 0.0});
      same(both, MeanVarianceCost::kMinLength, {per_change, 1.0});
      same(any, DistributionCost::kMinLength, {per_change, 0.0});
    }
  }
}

TEST(LeastCost, KnowsAStepByHand) {
  const std::vector<double> values{0, 0, 0, 0, 5, 5, 5, 5};
  const MeanCost cost(values, 1.0);
  EXPECT_EQ(least_cost(cost, {8, 2, 1}, {3.0, 0.0}), std::vector<std::size_t>{4});
  // The step saves 8·2.5² = 50: a dearer change is not bought.
  EXPECT_EQ(least_cost(cost, {8, 2, 1}, {51.0, 0.0}), std::vector<std::size_t>{});
  EXPECT_EQ(binary_segmentation(cost, {8, 2, 1}, {3.0, 0.0}), std::vector<std::size_t>{4});
}

TEST(BinarySegmentation, IsNeverCheaperThanTheLeastCost) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto values = steps(300 + seed, 200);
    const MeanCost cost(values, 1.0);
    const Grid grid{200, 2, 1};
    const Penalty penalty{12.0, 1.0};
    EXPECT_LE(total_cost(cost, 200, least_cost(cost, grid, penalty), penalty),
              total_cost(cost, 200, binary_segmentation(cost, grid, penalty), penalty) + 1e-9);
  }
}

TEST(Searches, ShortSeriesHaveNoChange) {
  const std::vector<double> values{1.0, 9.0, 1.0};
  const MeanCost cost(values, 1.0);
  EXPECT_TRUE(least_cost(cost, {3, 2, 1}, {0.1, 0.0}).empty());
  EXPECT_TRUE(binary_segmentation(cost, {3, 2, 1}, {0.1, 0.0}).empty());
}

TEST(Refine, FindsTheSampleBetweenGridPoints) {
  std::vector<double> values(100, 0.0);
  for (std::size_t i = 37; i < 100; ++i) values[i] = 4.0;
  const MeanCost cost(values, 1.0);
  const Grid grid{100, 2, 10};
  auto changes = least_cost(cost, grid, {30.0, 0.0});
  ASSERT_EQ(changes, std::vector<std::size_t>{40});
  refine(cost, grid, {30.0, 0.0}, 10, changes);
  EXPECT_EQ(changes, std::vector<std::size_t>{37});
}

}  // namespace
}  // namespace emdyn::emergence::segment
