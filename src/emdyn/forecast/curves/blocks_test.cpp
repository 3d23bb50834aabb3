#include "emdyn/forecast/curves/blocks.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/forecast/curves/test_curves.hpp"

namespace emdyn::forecast {
namespace {

// A line with normal noise of deviation 0.1 in 4,000 records.
TEST(CurveBlocks, KnowTheNoiseAndTheLevelOfALine) {
  const History history = curve_of(4000, 1, 1, 0.1, [](double t) { return 1.0 + t / 4000.0; });
  const auto blocks = curve_blocks("value", history);
  ASSERT_TRUE(blocks);
  EXPECT_LE(blocks->x.size(), CurveBlocks::kMostBlocks);
  EXPECT_NEAR(blocks->noise, 0.1, 0.01);
  EXPECT_LT(blocks->memory, 0.1);
  EXPECT_NEAR(blocks->level, 2.0, 0.04);
  EXPECT_NEAR(blocks->cadence, 1.0 / 4000.0, 1e-6);
  EXPECT_DOUBLE_EQ(blocks->now, 4000.0);
  EXPECT_DOUBLE_EQ(blocks->origin, 0.0);
}

TEST(CurveBlocks, SparseNoiseComesFromNeighbours) {
  const History history = curve_of(40, 1, 1, 0.1, [](double t) { return t / 40.0; });
  const auto blocks = curve_blocks("value", history);
  ASSERT_TRUE(blocks);
  EXPECT_EQ(blocks->x.size(), 40U);
  EXPECT_NEAR(blocks->noise, 0.1, 0.04);
}

TEST(CurveBlocks, AHistoryThatBeginsLateCountsFromItsBeginning) {
  const History history = curve_of(50, 1000, 10, 0.0, [](double t) { return t; });
  const auto blocks = curve_blocks("value", history);
  ASSERT_TRUE(blocks);
  EXPECT_DOUBLE_EQ(blocks->origin, 990.0);
}

// What a position counts does not matter.
TEST(CurveBlocks, AreFreeOfTheUnitOfTime) {
  const auto value = [](double t) { return 3.0 + std::exp(-t / 500.0); };
  const auto steps = curve_blocks("loss", curve_of(900, 1, 1, 0.0, value));
  const auto tokens = curve_blocks(
      "loss", curve_of(900, 1024, 1024, 0.0, [&](double t) { return value(t / 1024.0); }));
  ASSERT_TRUE(steps && tokens);
  ASSERT_EQ(steps->x.size(), tokens->x.size());
  for (std::size_t i = 0; i < steps->x.size(); ++i) {
    EXPECT_DOUBLE_EQ(steps->x[i], tokens->x[i]);
    EXPECT_DOUBLE_EQ(steps->z[i], tokens->z[i]);
  }
}

TEST(CurveBlocks, TooFewRecordsAreNoCurve) {
  EXPECT_FALSE(
      curve_blocks("x", curve_of(kFewestRecords - 1, 1, 1, 0.0, [](double t) { return t; })));
  EXPECT_FALSE(curve_blocks("x", curve_of(20, 5, 0, 0.0, [](double) { return 1.0; })));
}

TEST(LastStep, IsADropAndNoWarmUpAndNoDecay) {
  const auto drops = curve_of(100, 1, 1, 0.0, [](double t) { return t < 60 ? 0.1 : 0.01; });
  EXPECT_EQ(last_step(drops), 60.0);
  const auto line = curve_of(100, 1, 1, 0.0, [](double t) { return 1e-3 * (101.0 - t) / 100.0; });
  EXPECT_FALSE(last_step(line));
  const auto cosine = curve_of(100, 1, 1, 0.0, [](double t) { return 1.0 + std::cos(0.03 * t); });
  EXPECT_FALSE(last_step(cosine));
  EXPECT_FALSE(last_step({}));
}

}  // namespace
}  // namespace emdyn::forecast
