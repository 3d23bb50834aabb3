#include "emdyn/detect/live/live_rows.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

DetectOptions options(std::string detector) {
  DetectOptions given;
  given.detector = std::move(detector);
  return given;
}

/// 400 rows of three channels; channel 1 jumps by 12 deviations at row 300.
std::vector<Scored> run(RowDetector& detector, std::vector<series::Event>& events,
                        double missing = 0.0) {
  Philox random(5);
  std::vector<std::size_t> slots;
  for (const char* name : {"a", "b", "c"}) slots.push_back(*detector.add_channel(name));
  std::vector<Scored> scored;
  for (int i = 0; i < 400; ++i) {
    std::vector<ChannelValue> row;
    for (const std::size_t slot : slots) {
      const double value = random.normal() + (i == 300 && slot == 1 ? 12.0 : 0.0);
      row.push_back({slot, slot == 2 && random.uniform() < missing ? kNothing : value});
    }
    scored.push_back(detector.push(i, row, events));
  }
  return scored;
}

TEST(RowDetector, NamesTheChannelThatMadeTheAlarm) {
  RowDetector detector(series::Axis::step, options("mahalanobis"));
  std::vector<series::Event> events;
  const auto scored = run(detector, events);
  EXPECT_EQ(scored[10].score, 0.0);
  const auto alarm = std::ranges::find(events, 300.0, &series::Event::position);
  ASSERT_NE(alarm, events.end());
  EXPECT_EQ(alarm->detector, "mahalanobis");
  ASSERT_FALSE(alarm->shares.empty());
  EXPECT_EQ(alarm->shares.front().name, "b");
  EXPECT_GT(alarm->shares.front().share, 0.9);
  EXPECT_NEAR(*alarm->shares.front().deviation, 12.0, 3.0);
  EXPECT_THAT(detector.channels(), testing::ElementsAre("a", "b", "c"));
}

TEST(RowDetector, MissingValuesSilenceNoRow) {
  RowDetector detector(series::Axis::step, options("mahalanobis"));
  std::vector<series::Event> events;
  const auto scored = run(detector, events, 1.0);  // Channel c is never there.
  EXPECT_GT(*scored[300].score, 1.0);
  // One event for the whole burst of channel c, and the alarm.
  const auto nonfinite =
      std::ranges::count(events, series::EventKind::nonfinite, &series::Event::kind);
  EXPECT_EQ(nonfinite, 1);
  EXPECT_EQ(events.front().signal, "c");
}

TEST(RowDetector, ScoresDoNotDependOnTheFuture) {
  std::vector<series::Event> ignored;
  RowDetector whole(series::Axis::step, options("loda"));
  const auto all = run(whole, ignored);
  RowDetector again(series::Axis::step, options("loda"));
  const auto same = run(again, ignored);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].score, same[i].score);
}

TEST(RowDetector, LateChannelsAreNotWatched) {
  RowDetector detector(series::Axis::step, options("mahalanobis"));
  std::vector<series::Event> events;
  const auto a = *detector.add_channel("a");
  for (std::uint64_t i = 0; i < RowDetector::kRowsToMeet; ++i) {
    const ChannelValue value{a, static_cast<double>(i % 3)};
    detector.push(static_cast<double>(i), {&value, 1}, events);
  }
  EXPECT_EQ(detector.add_channel("late"), std::nullopt);
}

TEST(RowDetector, RefusesWhatItCannotHonour) {
  EXPECT_THROW(RowDetector(series::Axis::step, options("cusum")), ConfigError);
  DetectOptions front = options("loda");
  front.front_end = true;
  EXPECT_THROW(RowDetector(series::Axis::step, front), ConfigError);
  DetectOptions bad = options("loda");
  bad.params = {{"projections", "-1"}};
  EXPECT_THROW(RowDetector(series::Axis::step, bad), ConfigError);
  EXPECT_FALSE(takes_rows("cusum"));
  EXPECT_TRUE(takes_rows("loda"));
  EXPECT_THROW((void)takes_rows("lodda"), ConfigError);
}

TEST(RowDetector, RefusesMoreChannelsThanTheDetectorTakes) {
  RowDetector detector(series::Axis::step, options("mahalanobis"));
  std::vector<ChannelValue> row;
  for (std::size_t i = 0; i < 257; ++i) {
    row.push_back({*detector.add_channel("c" + std::to_string(i)), 1.0});
  }
  std::vector<series::Event> events;
  const auto feed = [&] {
    for (int i = 0; i < 64; ++i) detector.push(i, row, events);
  };
  EXPECT_THROW(feed(), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
