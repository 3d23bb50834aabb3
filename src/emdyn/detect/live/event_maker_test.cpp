#include "emdyn/detect/live/event_maker.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace emdyn::detect {
namespace {

TEST(EventMaker, AnAlarmKeepsItsCauseAndHasAPriceOnlyWhereThereWasAPast) {
  const EventMaker maker("loss", series::Axis::tokens);
  AlarmCause cause;
  cause.kind = EventKind::spike;
  cause.detector = "k_sigma";
  cause.policy = "p <= 1e-05 per sample";
  cause.score = 2.5;
  cause.p_value = 1e-7;
  cause.direction = Direction::rise;
  cause.onset = series::Interval{8.0, 9.0, 10.0, 0.9};
  cause.shares = {{"pattern", 1.0, {}}};
  const series::Event event = maker.alarm(10.0, cause);
  EXPECT_EQ(event.run, "");
  EXPECT_EQ(event.signal, "loss");
  EXPECT_EQ(event.position, 10.0);
  EXPECT_EQ(event.axis, series::Axis::tokens);
  EXPECT_EQ(event.detector, "k_sigma");
  EXPECT_EQ(event.policy, cause.policy);
  EXPECT_EQ(event.score, 2.5);
  EXPECT_EQ(event.p_value, 1e-7);
  EXPECT_EQ(event.onset, cause.onset);
  EXPECT_EQ(event.shares, cause.shares);
  cause.p_value = 1.0;
  EXPECT_FALSE(maker.alarm(10.0, cause).p_value.has_value());
}

TEST(EventMaker, TellsTheFirstOfABurst) {
  EventMaker maker("x", series::Axis::step);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(maker.nonfinite(0.0, 1.0));
  const auto first = maker.nonfinite(1.0, nan);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->kind, EventKind::nonfinite);
  EXPECT_EQ(first->direction, Direction::none);
  EXPECT_FALSE(maker.nonfinite(2.0, nan));
  EXPECT_FALSE(maker.nonfinite(3.0, 1.0));
  EXPECT_TRUE(maker.nonfinite(4.0, nan));
  maker.restart();
  EXPECT_TRUE(maker.nonfinite(4.0, nan));
}

}  // namespace
}  // namespace emdyn::detect
