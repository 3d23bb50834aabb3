#include "emdyn/forecast/curves/signal_target.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::forecast {
namespace {

TEST(SignalTarget, ReadsLevels) {
  const SignalTarget loss = parse_signal_target("val_loss <= 2.0");
  EXPECT_EQ(loss.signal, "val_loss");
  EXPECT_FALSE(loss.rises);
  EXPECT_DOUBLE_EQ(loss.value, 2.0);
  EXPECT_EQ(loss.manner, TargetManner::sustained);
  EXPECT_FALSE(loss.before || loss.within || loss.axis);
  const SignalTarget scale = parse_signal_target("lambada/acc >= 0.5 before 3e9 parameters");
  EXPECT_EQ(scale.signal, "lambada/acc");
  EXPECT_TRUE(scale.rises);
  EXPECT_DOUBLE_EQ(*scale.before, 3e9);
  EXPECT_EQ(scale.axis, series::Axis::parameters);
  EXPECT_EQ(parse_signal_target("x>=1 once within 50").manner, TargetManner::once);
  EXPECT_EQ(parse_signal_target("x < 1, at the deadline").manner, TargetManner::at_deadline);
  EXPECT_DOUBLE_EQ(parse_signal_target("acc >= 90 %").value, 0.9);
  EXPECT_DOUBLE_EQ(parse_signal_target("x >= -1.5, sustained, before step 10000").value, -1.5);
  EXPECT_EQ(parse_signal_target("\"loss > spike\" <= 1").signal, "loss > spike");
}

TEST(SignalTarget, ReadsEvents) {
  const SignalTarget spike = parse_signal_target("loss spike within 500");
  EXPECT_EQ(spike.kind, TargetKind::spike);
  EXPECT_EQ(spike.signal, "loss");
  EXPECT_DOUBLE_EQ(*spike.within, 500.0);
  const SignalTarget collapse = parse_signal_target("collapse");
  EXPECT_EQ(collapse.kind, TargetKind::collapse);
  EXPECT_EQ(collapse.signal, "");
  EXPECT_EQ(parse_signal_target("train loss diverges before 2e4 steps").signal, "train loss");
}

// What is written is read again.
TEST(SignalTarget, DescribesItselfInItsOwnWords) {
  SignalTarget target = parse_signal_target("val_loss <= 2.5 once");
  const std::string text = describe(target, "val_loss", series::Axis::step, 100, 20000);
  EXPECT_EQ(text, "val_loss <= 2.5, once, before step 20000");
  target.before = 20000;
  target.axis = series::Axis::step;
  EXPECT_EQ(parse_signal_target(text), target);
}

TEST(SignalTarget, RefusesInOneLineWithTheGrammar) {
  for (const char* bad : {"", "loss", "loss <=", "<= 2", "loss <= two", "loss <= 2 soon",
                          "loss <= 2 before", "loss <= 2 before -5", "loss <= nan",
                          "loss spike once", "loss <= 2 before 5 within 6", "\"loss <= 2"}) {
    try {
      parse_signal_target(bad);
      ADD_FAILURE() << bad;
    } catch (const ConfigError& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find(kTargetGrammar), std::string::npos) << text;
      EXPECT_EQ(text.find('\n'), std::string::npos);
    }
  }
}

History line_of(std::initializer_list<double> values) {
  History history;
  for (const double value : values) {
    history.positions.push_back(10.0 * static_cast<double>(history.positions.size()));
    history.values.push_back(value);
  }
  return history;
}

TEST(LevelOutcome, AHoldIsAMedianThatIsComplete) {
  const History history = line_of({5, 5, 1, 5, 1, 1, 5, 1, 1});
  // Holds of 20 take three records; the one at 20 has 1, 5, 1 and ends with the record at 40.
  const LevelOutcome outcome = level_outcome(history, false, 2.0, {20.0, 3}, -HUGE_VAL, HUGE_VAL);
  EXPECT_EQ(outcome.reached_at, 20.0);
  EXPECT_EQ(outcome.confirmed_at, 40.0);
  EXPECT_FALSE(level_outcome(history, false, 2.0, {20.0, 3}, -HUGE_VAL, 39.0).reached_at);
  EXPECT_EQ(level_outcome(history, false, 2.0, {0.0, 1}, -HUGE_VAL, HUGE_VAL).reached_at, 20.0);
  EXPECT_EQ(level_outcome(history, false, 2.0, {0.0, 1}, 25.0, HUGE_VAL).reached_at, 40.0);
}

// A hold whose last record has not come is open: nothing is told before it can be known.
TEST(LevelOutcome, NeverSpeaksBeforeTheHoldHasEnded) {
  History history = line_of({5, 1, 1});
  EXPECT_FALSE(level_outcome(history, false, 2.0, {25.0, 1}, -HUGE_VAL, HUGE_VAL).reached_at);
  history.positions.push_back(40.0);
  history.values.push_back(9.0);
  EXPECT_EQ(level_outcome(history, false, 2.0, {25.0, 1}, -HUGE_VAL, HUGE_VAL).confirmed_at, 40.0);
}

TEST(LevelOutcome, WhatIsNoNumberIsNotThere) {
  const History history = line_of({NAN, NAN, NAN, 1, 1, 1, 1});
  EXPECT_EQ(level_outcome(history, false, 2.0, {20.0, 3}, -HUGE_VAL, HUGE_VAL).reached_at, 30.0);
}

}  // namespace
}  // namespace emdyn::forecast
