#include "emdyn/report/chart/columns.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "emdyn/core/philox.hpp"

namespace emdyn::report {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

report::ReportSignal signal_of(const std::vector<double>& values) {
  report::ReportSignal signal;
  for (std::size_t i = 0; i < values.size(); ++i) {
    signal.points.append(static_cast<double>(i), values[i]);
  }
  return signal;
}

AxisMap axis_of(const std::vector<double>& values, Scale scale = Scale::linear) {
  return AxisMap(scale, scale == Scale::linear ? 0.0 : 1.0, static_cast<double>(values.size() - 1));
}

TEST(Columns, KeepEverySpikeWhereverItIs) {
  Philox random(3);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<double> values(20000 + random.below(1000));
    for (double& value : values) value = random.normal();
    const std::size_t up = random.below(static_cast<std::uint32_t>(values.size()));
    const std::size_t down = (up + 1) % values.size();
    values[up] = 1e6;
    values[down] = -1e6;
    for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
      const Columns columns = reduce(signal_of(values), axis_of(values, scale), 300);
      EXPECT_EQ(columns.max, 1e6);
      EXPECT_EQ(columns.min, -1e6);
      EXPECT_EQ(columns.max_at, static_cast<double>(up));
      EXPECT_LE(columns.drawn, 300U);
      const auto& drawn = columns.strokes.front().columns;
      EXPECT_TRUE(
          std::any_of(drawn.begin(), drawn.end(), [](auto& one) { return one.max == 1e6; }));
      EXPECT_TRUE(
          std::any_of(drawn.begin(), drawn.end(), [](auto& one) { return one.min == -1e6; }));
    }
  }
}

TEST(Columns, DrawASpikeAtItsFullHeight) {
  std::vector<double> values(1'000'000, 0.0);
  values[765'432] = 10.0;
  const AxisMap x = axis_of(values);
  const Columns columns = reduce(signal_of(values), x, 700);
  const std::string path = line_path(columns, x, AxisMap(Scale::linear, 0.0, 10.0), 440);
  EXPECT_NE(path.find("v-440v440"), std::string::npos) << path;
}

TEST(Columns, EqualABruteForceReduction) {
  Philox random(4);
  std::vector<double> values(5000);
  for (double& value : values) value = random.normal();
  const AxisMap x = axis_of(values);
  const Columns columns = reduce(signal_of(values), x, 37);
  std::size_t point = 0;
  std::uint64_t total = 0;
  for (const report::Bucket& column : columns.strokes.front().columns) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(point);
    const auto last = first + static_cast<std::ptrdiff_t>(column.count);
    const auto [low, high] = std::minmax_element(first, last);
    EXPECT_EQ(column.min, *low);
    EXPECT_EQ(column.max, *high);
    EXPECT_EQ(column.first, *first);
    EXPECT_EQ(column.last, *(last - 1));
    EXPECT_EQ(column.min_first, low < high);
    point += column.count;
    total += column.count;
  }
  EXPECT_EQ(total, values.size());
  EXPECT_EQ(columns.drawn, 37U);
}

TEST(Columns, BreakTheLineAtNonFiniteValues) {
  const std::vector<double> values{1, 2, kNotANumber, 3, INFINITY, INFINITY, 4, 5};
  const Columns columns = reduce(signal_of(values), axis_of(values), 700);
  ASSERT_EQ(columns.strokes.size(), 3U);
  EXPECT_EQ(columns.strokes[1].columns.size(), 1U);
  EXPECT_EQ(columns.nonfinite, 3U);
  EXPECT_EQ(columns.points, 8U);
  EXPECT_EQ(columns.nonfinite_at, (std::vector<double>{2, 4, 5}));
  const AxisMap y(Scale::linear, 0, 5);
  EXPECT_EQ(dot_path(columns, axis_of(values), y, 100, true), "M3086 40h0");
}

TEST(Columns, KeepEarlierSegmentsApart) {
  report::ReportSignal signal;
  for (const double step : {0., 1., 2., 1., 2., 3.}) signal.points.append(step, step);
  const Columns columns = reduce(signal, AxisMap(Scale::linear, 0, 3), 700);
  ASSERT_EQ(columns.strokes.size(), 2U);
  EXPECT_TRUE(columns.strokes[0].superseded);
  EXPECT_FALSE(columns.strokes[1].superseded);
}

TEST(Columns, DrawTheSameFromAnOverview) {
  Philox random(5);
  std::vector<double> values(64 * 500);
  for (double& value : values) value = random.normal();
  report::ReportSignal overview;
  for (std::size_t begin = 0; begin < values.size(); begin += 64) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto [low, high] = std::minmax_element(first, first + 64);
    overview.overview.push_back({static_cast<double>(begin), static_cast<double>(begin + 63),
                                 *first, first[63], *low, *high, low < high, 64, 0});
  }
  const AxisMap x = axis_of(values);
  const Columns whole = reduce(signal_of(values), x, 100);
  const Columns reduced = reduce(overview, x, 100);
  EXPECT_EQ(whole.points, reduced.points);
  EXPECT_EQ(whole.min, reduced.min);
  EXPECT_EQ(whole.max, reduced.max);
  EXPECT_EQ(whole.last, reduced.last);
  EXPECT_EQ(whole.drawn, reduced.drawn);
}

TEST(Columns, LeaveOutPositionsThatAreNotFinite) {
  report::ReportSignal signal;
  signal.points.positions = {0, kNotANumber, 2};
  signal.points.values = {1, 2, 3};
  EXPECT_EQ(reduce(signal, AxisMap(Scale::linear, 0, 2), 10).points, 2U);
  EXPECT_TRUE(reduce({}, AxisMap(Scale::linear, 0, 2), 10).empty());
}

TEST(BandPath, BreaksWhereALimitIsMissing) {
  const AxisMap x(Scale::linear, 0, 4);
  const AxisMap y(Scale::linear, 0, 1);
  EXPECT_EQ(band_path({0, 1}, {0, 0}, {1, 1}, x, y, 10), "M0 10h1800v-10h-1800z");
  EXPECT_EQ(band_path({0, 1, 2}, {0, kNotANumber, 0}, {1, 1, 1}, x, y, 10), "");
}

TEST(AxisMap, PlacesAndTicks) {
  const AxisMap log(Scale::logarithmic, 1, 10000);
  EXPECT_DOUBLE_EQ(log.fraction(100), 0.5);
  EXPECT_EQ(log.fraction(0), 0.0);
  EXPECT_EQ(log.ticks(6).size(), 5U);
  const AxisMap linear(Scale::linear, 0, 3000);
  EXPECT_EQ(linear.ticks(6), (std::vector<double>{0, 500, 1000, 1500, 2000, 2500, 3000}));
  EXPECT_EQ(tick_labels({0, 0.25, 0.5}, true).at(1), "25\xC2\xA0%");
  EXPECT_EQ(tick_labels({0, 500, 1000}, false).at(2), "1,000");
  EXPECT_EQ(tick_labels({0, 5e6, 1e7}, false).at(1), "5\xC2\xA0M");
  EXPECT_EQ(tick_labels({0.0, 0.05, 0.1}, false).at(1), "0.05");
}

/// The corners of path data as the pages write it.
std::vector<std::pair<int, int>> corners_of(const std::string& path) {
  std::vector<std::pair<int, int>> corners;
  int x = 0, y = 0;
  const char* at = path.c_str();
  const auto number = [&] {
    char* end = nullptr;
    const long value = std::strtol(at, &end, 10);
    at = end;
    return static_cast<int>(value);
  };
  while (*at != 0) {
    const char letter = *at++;
    if (letter == 'M') {
      x = number();
      y = number();
    } else {
      if (letter != 'v') x += number();
      if (letter != 'h') y += number();
    }
    corners.emplace_back(x, y);
  }
  return corners;
}

TEST(SmoothPath, KeepsAStraightLineAndItsEnds) {
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) values.push_back(i);
  const AxisMap x = axis_of(values);
  const Columns columns = reduce(signal_of(values), x, 700);
  for (const double width : {0.01, 0.04}) {
    const auto corners =
        corners_of(smooth_path(columns, x, AxisMap(Scale::linear, 0, 4999), 7200, width, 100));
    EXPECT_LE(corners.size(), 102U);
    for (const auto& [at, level] : corners) EXPECT_NEAR(at, 7200 - level, 12) << width;
  }
}

TEST(SmoothPath, TakesNoiseAwayAndLeavesTheExtremesToTheLine) {
  Philox random(5);
  std::vector<double> values;
  for (int i = 0; i < 20000; ++i) values.push_back(5.0 + random.normal());
  values[9000] = 100.0;
  const AxisMap x = axis_of(values), y(Scale::linear, 0.0, 100.0);
  const Columns columns = reduce(signal_of(values), x, 700);
  int highest = 1000;
  for (const auto& [at, level] : corners_of(smooth_path(columns, x, y, 1000, 0.04, 50))) {
    EXPECT_NEAR(level, 950, 5) << at;
    highest = std::min(highest, level);
  }
  EXPECT_GT(highest, 0);
  const auto drawn = corners_of(line_path(columns, x, y, 1000));
  EXPECT_TRUE(std::ranges::any_of(drawn, [](const auto& each) { return each.second == 0; }));
}

TEST(SmoothPath, StaysWithinTheValuesOnALogarithmicScaleToo) {
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) values.push_back(i < 1500 ? 1000.0 : 1.0);
  const AxisMap x = axis_of(values), y(Scale::logarithmic, 1.0, 1000.0);
  const auto corners =
      corners_of(smooth_path(reduce(signal_of(values), x, 700), x, y, 1000, 0.04, 50));
  ASSERT_GE(corners.size(), 30U);
  EXPECT_EQ(corners.front().second, 0);
  EXPECT_EQ(corners.back().second, 1000);
  for (const auto& [at, level] : corners) EXPECT_TRUE(level >= 0 && level <= 1000) << at;
  EXPECT_EQ(smooth_path({}, x, y, 1000, 0.01, 10), "");
  EXPECT_EQ(smooth_path(reduce(signal_of({1.0}), x, 700), x, y, 1000, 0.01, 10), "");
}

}  // namespace
}  // namespace emdyn::report
