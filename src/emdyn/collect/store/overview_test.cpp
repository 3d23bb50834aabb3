#include "emdyn/collect/store/overview.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::collect::store {
namespace {

/// A signal with noise, gaps, non-finite values and a restart, in a store and in memory.
class OverviewTest : public testing::Test {
 protected:
  void fill(int points) {
    RunWriter writer = store_.create({});
    const SignalId id = writer.add_signal("loss");
    Philox random(8);
    double position = -100.0;
    for (int i = 0; i < points; ++i) {
      position += random.below(4) == 0 ? 10.0 * random.uniform() : 1.0;
      if (i == points / 2) position -= 0.25 * points;
      double value = random.normal();
      if (random.below(20) == 0) value = std::numeric_limits<double>::quiet_NaN();
      if (random.below(50) == 0) value = std::numeric_limits<double>::infinity();
      writer.append(id, position, value, 1.7e9 + i);
      signal_.append(position, value);
    }
    writer.finish();
    run_ = writer.id();
  }

  TestFolder folder_;
  Store store_ = Store::open(folder_.path() / "s", Mode::write);
  series::Signal signal_{};
  std::string run_{};
};

TEST_F(OverviewTest, EqualsTheOverviewOfThePointsThemselves) {
  fill(20000);
  for (const Range range : {Range{}, Range{500.0, 9000.5}, Range{{}, 100.0}, Range{3000.0, {}}}) {
    for (const int columns : {1, 2, 7, 100, 5000}) {
      const std::vector<Column> overview = store_.overview(run_, "loss", columns, range);
      ASSERT_EQ(overview.size(), static_cast<std::size_t>(columns));
      std::vector<Column> expected = overview;
      for (Column& column : expected) column = {column.from, column.to, 0, 0, {}, {}, {}};
      const double low = overview.front().from;
      const double step = (overview.back().to - low) / columns;
      for (std::size_t i = 0; i < signal_.size(); ++i) {
        const double position = signal_.positions[i];
        const double value = signal_.values[i];
        if (position < range.low.value_or(-1e9) || position > range.high.value_or(1e9)) continue;
        const double place = (position - low) / step;
        // A point on a border to within rounding could be on either side.
        const auto index = std::min(columns - 1, static_cast<int>(place));
        Column& column = expected[static_cast<std::size_t>(index)];
        ++column.points;
        column.last = value;
        if (!std::isfinite(value)) {
          ++column.nonfinite;
          continue;
        }
        column.min = std::min(column.min.value_or(value), value);
        column.max = std::max(column.max.value_or(value), value);
      }
      std::uint64_t points = 0;
      for (std::size_t i = 0; i < overview.size(); ++i) {
        EXPECT_EQ(overview[i].points, expected[i].points) << i;
        EXPECT_EQ(overview[i].nonfinite, expected[i].nonfinite) << i;
        EXPECT_EQ(overview[i].min, expected[i].min) << i;
        EXPECT_EQ(overview[i].max, expected[i].max) << i;
        points += overview[i].points;
      }
      EXPECT_GT(points, 0U);
    }
  }
}

TEST_F(OverviewTest, OneColumnReadsNoPoints) {
  fill(20000);
  Database(run_path(store_.folder(), run_), Access::write).execute("DELETE FROM chunk_bytes");
  const std::vector<Column> overview = store_.overview(run_, "loss", 1);
  EXPECT_EQ(overview.at(0).points, 20000U);
  EXPECT_THROW(store_.load(run_), StoreError);
}

TEST_F(OverviewTest, RefusesSenselessWidthsAndKeepsEmptyRangesEmpty) {
  fill(10);
  EXPECT_THROW(store_.overview(run_, "loss", 0), ConfigError);
  EXPECT_THROW(store_.overview(run_, "loss", 100001), ConfigError);
  EXPECT_THROW(store_.overview(run_, "nothing", 10), DataError);
  EXPECT_TRUE(store_.overview(run_, "loss", 10, {1e6, 2e6}).empty());
}

TEST_F(OverviewTest, ScanVisitsEveryPointOfTheRangeInOrder) {
  fill(5000);
  for (const Range range : {Range{}, Range{10.0, 700.0}, Range{700.0, 10.0}}) {
    std::vector<double> positions;
    std::vector<double> seconds;
    store_.scan(run_, "loss", range, [&](const Block& block) {
      EXPECT_EQ(block.positions.size(), block.values.size());
      EXPECT_LE(block.positions.size(), kChunkPoints);
      positions.insert(positions.end(), block.positions.begin(), block.positions.end());
      seconds.insert(seconds.end(), block.seconds.begin(), block.seconds.end());
    });
    std::vector<double> expected;
    for (const double position : signal_.positions) {
      if (position >= range.low.value_or(-1e9) && position <= range.high.value_or(1e9)) {
        expected.push_back(position);
      }
    }
    EXPECT_EQ(positions, expected);
    EXPECT_EQ(seconds.size(), expected.size());
  }
}

}  // namespace
}  // namespace emdyn::collect::store
