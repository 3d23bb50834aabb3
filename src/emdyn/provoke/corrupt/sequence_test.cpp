#include "emdyn/provoke/corrupt/sequence.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::provoke::corrupt {
namespace {

TEST(Sequence, DroppedFramesAreGoneAndTheLastStays) {
  const auto order = frame_order("dropped", 100, 3, 1);  // 20 are dropped.
  ASSERT_EQ(order.size(), 100U);
  EXPECT_EQ(order.front(), 0U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  for (std::size_t i = 1; i < 80; ++i) EXPECT_GT(order[i], order[i - 1]);
  for (std::size_t i = 80; i < 100; ++i) EXPECT_EQ(order[i], order[79]);
}

TEST(Sequence, RepeatedFramesShowTheOneBefore) {
  const auto order = frame_order("repeated", 100, 5, 1);
  std::size_t repeated = 0;
  for (std::size_t i = 1; i < 100; ++i) {
    if (order[i] == order[i - 1]) {
      ++repeated;
    } else {
      EXPECT_EQ(order[i], i);
    }
  }
  EXPECT_EQ(repeated, 50U);
}

TEST(Sequence, AReversedStretchRunsBackwards) {
  const auto order = frame_order("reversed", 50, 4, 2);  // 15 frames.
  std::size_t moved = 0;
  for (std::size_t i = 0; i < 50; ++i) moved += order[i] == i ? 0U : 1U;
  EXPECT_EQ(moved, 14U);  // The middle one stays.
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(sorted[i], i);
}

TEST(Sequence, ContractOverEveryEntry) {
  for (const SequenceEntry& entry : sequence_entries()) {
    EXPECT_FALSE(entry.summary.empty());
    for (const std::size_t frames : {0U, 1U, 2U, 3U, 31U}) {
      std::size_t before = 0;
      for (std::size_t severity = 1; severity <= 5; ++severity) {
        const auto order = frame_order(entry.name, frames, severity, 7, 3);
        ASSERT_EQ(order.size(), frames);
        EXPECT_EQ(order, frame_order(entry.name, frames, severity, 7, 3));
        std::size_t moved = 0;
        for (std::size_t i = 0; i < frames; ++i) {
          ASSERT_LT(order[i], frames);
          moved += order[i] == i ? 0U : 1U;
        }
        if (frames > 1) {
          EXPECT_GT(moved, 0U);
        }
        if (entry.name != "dropped") {  // Where the first loss falls decides that one.
          EXPECT_GE(moved, before);
        }
        before = moved;
      }
    }
    EXPECT_NE(frame_order(entry.name, 40, 3, 1), frame_order(entry.name, 40, 3, 2));
    EXPECT_THROW((void)frame_order(entry.name, 10, 0, 1), ConfigError);
    EXPECT_THROW((void)frame_order(entry.name, 10, 6, 1), ConfigError);
  }
  EXPECT_THROW((void)frame_order("melted", 10, 1, 1), ConfigError);
}

std::vector<double> table(std::size_t rows, std::size_t columns) {
  std::vector<double> values(rows * columns);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Table, MissingCellsAreTheStatedShare) {
  auto values = table(1000, 10);
  corrupt_table("missing", values, 10, 4, 1);
  const auto missing =
      std::count_if(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  EXPECT_NEAR(static_cast<double>(missing) / 10'000.0, 0.3, 0.015);
}

TEST(Table, SwappedColumnsExchangePlaces) {
  const auto before = table(50, 4);
  auto values = before;
  corrupt_table("swapped", values, 4, 1, 3);
  std::size_t moved = 0;
  for (std::size_t c = 0; c < 4; ++c) {
    if (values[c] == before[c]) continue;
    ++moved;
    const auto other = static_cast<std::size_t>(values[c]) - 1;  // Of the first row: 1 … 4.
    for (std::size_t r = 0; r < 50; ++r) EXPECT_EQ(values[r * 4 + c], before[r * 4 + other]);
  }
  EXPECT_EQ(moved, 2U);
}

TEST(Table, ScaledAndStaleTouchWholeColumns) {
  const auto before = table(40, 5);
  auto scaled = before;
  corrupt_table("scaled", scaled, 5, 3, 3);  // One column, ten times.
  auto stale = before;
  corrupt_table("stale", stale, 5, 3, 3);  // One column, 8 rows behind.
  std::size_t scaled_columns = 0;
  std::size_t stale_columns = 0;
  for (std::size_t c = 0; c < 5; ++c) {
    if (scaled[5 + c] != before[5 + c]) {
      ++scaled_columns;
      for (std::size_t r = 0; r < 40; ++r) EXPECT_EQ(scaled[r * 5 + c], 10.0 * before[r * 5 + c]);
    }
    if (stale[5 + c] != before[5 + c]) {
      ++stale_columns;
      for (std::size_t r = 0; r < 40; ++r) {
        EXPECT_EQ(stale[r * 5 + c], before[(r < 8 ? 0 : r - 8) * 5 + c]);
      }
    }
  }
  EXPECT_EQ(scaled_columns, 1U);
  EXPECT_EQ(stale_columns, 1U);
}

TEST(Table, ContractOverEveryEntry) {
  for (const TableEntry& entry : table_entries()) {
    EXPECT_FALSE(entry.summary.empty());
    auto first = table(60, 6);
    auto second = first;
    corrupt_table(entry.name, first, 6, 5, 1);
    corrupt_table(entry.name, second, 6, 5, 1);
    EXPECT_TRUE(std::equal(first.begin(), first.end(), second.begin(), [](double a, double b) {
      return a == b || (std::isnan(a) && std::isnan(b));
    }));
    EXPECT_FALSE(std::ranges::equal(first, table(60, 6)));
    EXPECT_THROW(corrupt_table(entry.name, first, 7, 1, 1), DataError);
    EXPECT_THROW(corrupt_table(entry.name, first, 0, 1, 1), DataError);
    EXPECT_THROW(corrupt_table(entry.name, first, 6, 6, 1), ConfigError);
  }
  std::vector<double> one(5, 1.0);
  EXPECT_THROW(corrupt_table("swapped", one, 1, 1, 1), ConfigError);
  EXPECT_THROW(corrupt_table("melted", one, 1, 1, 1), ConfigError);
}

TEST(LabelShift, OneClassTakesTheStatedShare) {
  std::vector<std::uint32_t> labels(40'000);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::uint32_t>(i % 4);
  const auto rows = label_shift(labels, 3, 5);
  std::vector<double> shares(4, 0.0);
  for (const std::size_t row : rows) shares[labels[row]] += 1.0 / 40'000.0;
  std::sort(shares.begin(), shares.end());
  EXPECT_NEAR(shares[3], 0.6 * 0.25 + 0.4, 0.01);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(shares[c], 0.6 * 0.25, 0.01);
  EXPECT_THROW((void)label_shift({}, 1, 1), DataError);
  EXPECT_THROW((void)label_shift(labels, 0, 1), ConfigError);
}

}  // namespace
}  // namespace emdyn::provoke::corrupt
