#include "emdyn/series/history.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <random>

namespace emdyn::series {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Signal signal_of(
    const std::string& name, const std::vector<double>& positions,
    const std::function<double(double, std::size_t)>& value = [](double p,
                                                                 std::size_t) { return p; },
    Axis axis = Axis::step) {
  Signal signal{name, axis, {}, {}, {}, {0}};
  for (std::size_t i = 0; i < positions.size(); ++i)
    signal.append(positions[i], value(positions[i], i));
  return signal;
}

std::vector<double> range(double first, double last, double step = 1.0) {
  std::vector<double> list;
  for (double at = first; at <= last; at += step) list.push_back(at);
  return list;
}

std::vector<double> both(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

HistoryReport whole(Signal& signal) {
  series::Run run;
  run.signals = {signal};
  const HistoryReport report = make_whole(run);
  signal = run.signals[0];
  return report;
}

TEST(History, TheLaterBranchReplacesWhatItLogsAgain) {
  Signal signal = signal_of("loss", both(range(1, 10), range(7, 12)),
                            [](double, std::size_t i) { return static_cast<double>(i); });
  const HistoryReport report = whole(signal);
  EXPECT_THAT(signal.positions, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
  EXPECT_EQ(signal.values[6], 10.0);
  EXPECT_THAT(signal.segments, ElementsAre(0U));
  EXPECT_EQ(report.replaced, 4U);
  EXPECT_EQ(report.replaced_from, 7.0);
  EXPECT_THAT(describe(report), HasSubstr("4 points of an earlier branch, from 7 on"));
}

TEST(History, TwiceResumedAndResumedOnAnotherGrid) {
  Signal twice = signal_of("a", both(both(range(0, 50), range(30, 60)), range(40, 80)));
  EXPECT_EQ(whole(twice).replaced, 42U);
  EXPECT_THAT(twice.positions, SizeIs(81));
  Signal grid = signal_of("a", both(range(0, 100, 10), range(65, 200, 10)));
  whole(grid);
  EXPECT_THAT(std::vector<double>(grid.positions.begin() + 5, grid.positions.begin() + 9),
              ElementsAre(50, 60, 65, 75));
}

TEST(History, SignalsWithoutAReturnAreLeftAsTheyAre) {
  series::Run run;
  run.signals = {signal_of("a", range(0, 9)), signal_of("b", {0, 0, 5, 5})};
  const std::vector<Signal> before = run.signals;
  EXPECT_TRUE(make_whole(run).nothing());
  EXPECT_EQ(describe({}), "");
  EXPECT_TRUE(run.signals == before);
}

TEST(History, TablesInNoOrderAreSorted) {
  const std::vector<std::vector<double>> tables{
      {0, 1, 1000, 10000, 128, 13000, 16, 2, 256, 3000, 4, 512, 8},  // As a folder lists them.
      {1000, 128, 2000, 256},
      {9, 8, 7, 6, 5, 4},
      {500, 600, 700, 100, 200, 300},  // Parts in the wrong order.
      {0, 1000, 10000, 11000, 12000, 2000, 20000, 21000, 3000},
      {0, 1000, 10, 20, 3000, 40, 0, 1000, 10, 20, 3000, 40},  // Twice in the same order.
  };
  for (const auto& positions : tables) {
    Signal signal = signal_of("acc", positions);
    EXPECT_EQ(whole(signal).sorted, 1U) << positions[0];
    std::vector<double> sorted = positions;
    std::ranges::sort(sorted);
    EXPECT_EQ(signal.positions, sorted);
    EXPECT_EQ(signal.values, sorted);
  }
}

TEST(History, AnyShuffledTableIsSortedWithItsValuesAndTimes) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<double> positions = range(0, 10.0 + trial, 1);
    std::ranges::shuffle(positions, random);
    Signal signal = signal_of("a", positions, [](double p, std::size_t) { return 2.0 * p; });
    if (signal.segments.size() == 1) continue;
    signal.seconds = signal.positions;
    whole(signal);
    EXPECT_TRUE(std::ranges::is_sorted(signal.positions));
    EXPECT_EQ(signal.seconds, signal.positions);
    for (std::size_t i = 0; i < signal.size(); ++i)
      EXPECT_EQ(signal.values[i], 2.0 * signal.positions[i]);
  }
}

TEST(History, ACountThatBeginsAgainWhileValuesGoOnIsJoined) {
  // Two fits of one model: the loss goes on falling.
  const auto falling = [](double, std::size_t i) {
    return 3.0 * std::exp(-0.1 * static_cast<double>(i));
  };
  Signal fits = signal_of("loss", both(range(0, 7), range(0, 3)), falling);
  const HistoryReport report = whole(fits);
  EXPECT_EQ(report.joined, 1U);
  EXPECT_EQ(report.replaced, 0U);
  EXPECT_THAT(fits.positions, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  // A training begun anew: the loss is what it was at first.
  Signal anew = signal_of("loss", both(range(0, 7), range(0, 9)),
                          [](double p, std::size_t) { return 3.0 * std::exp(-0.1 * p); });
  EXPECT_EQ(whole(anew).replaced, 8U);
  EXPECT_THAT(anew.positions, SizeIs(10));
}

TEST(History, SignalsOfOneRunAreJoinedAlike) {
  series::Run run;
  const auto falling = [](double, std::size_t i) { return 3.0 / (1.0 + static_cast<double>(i)); };
  run.signals = {signal_of("loss", both(range(1, 9), range(1, 9)), falling),
                 signal_of("val", {3, 6, 9, 3, 6, 9}, falling)};
  EXPECT_EQ(make_whole(run).joined, 1U);
  EXPECT_EQ(run.signals[0].positions, range(1, 18));
  EXPECT_THAT(run.signals[1].positions, ElementsAre(3, 6, 9, 12, 15, 18));
}

TEST(History, BatchesOfEpochsWithoutATrendAreJoined) {
  std::vector<double> positions;
  for (int epoch = 0; epoch < 4; ++epoch) positions = both(positions, range(0, 99));
  std::mt19937 random(5);
  std::normal_distribution<double> noise;
  Signal signal = signal_of("noise", positions, [&](double, std::size_t) { return noise(random); });
  whole(signal);
  EXPECT_THAT(signal.positions, SizeIs(400));
  EXPECT_TRUE(std::ranges::is_sorted(signal.positions));
}

TEST(History, AClockThatIsSetBackLosesNoPoint) {
  std::vector<double> positions =
      both(range(1e9, 1e9 + 7200, 300), range(1e9 + 3900, 1e9 + 14400, 300));
  Signal signal = signal_of(
      "x", positions, [](double, std::size_t i) { return static_cast<double>(i); }, Axis::seconds);
  const std::size_t points = signal.size();
  EXPECT_EQ(whole(signal).set_back, 1U);
  EXPECT_THAT(signal.positions, SizeIs(points));
  EXPECT_TRUE(std::ranges::is_sorted(signal.positions));
  EXPECT_EQ(signal.values, range(0, static_cast<double>(points) - 1));
  EXPECT_EQ(signal.positions.back(), 1e9 + 14400);
  EXPECT_EQ(signal.positions.front(), 1e9);
}

/// Property: one segment that does not fall, no value invented, and done twice is done once.
TEST(History, OfAnyPositionsIsOneSegmentThatDoesNotFall) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 300; ++trial) {
    series::Run run;
    for (int s = 0; s < 3; ++s) {
      std::vector<double> positions;
      double at = 0.0;
      for (int i = 0; i < 40; ++i) {
        at = random() % 12 == 0 ? std::floor(at * 0.7) : at + static_cast<double>(random() % 3);
        positions.push_back(at);
      }
      run.signals.push_back(signal_of(
          "s" + std::to_string(s), positions,
          [](double, std::size_t i) { return static_cast<double>(i); },
          trial % 3 == 0 ? Axis::seconds : Axis::step));
    }
    make_whole(run);
    for (const Signal& signal : run.signals) {
      EXPECT_TRUE(std::ranges::is_sorted(signal.positions));
      EXPECT_EQ(signal.positions.size(), signal.values.size());
      EXPECT_THAT(signal.segments, ElementsAre(0U));
      std::vector<double> values = signal.values;
      std::ranges::sort(values);
      EXPECT_TRUE(std::ranges::adjacent_find(values) == values.end());
    }
    const std::vector<Signal> once = run.signals;
    EXPECT_TRUE(make_whole(run).nothing());
    EXPECT_TRUE(run.signals == once);
  }
}

}  // namespace
}  // namespace emdyn::series
