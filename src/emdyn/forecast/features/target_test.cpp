#include "emdyn/forecast/features/target.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::forecast {
namespace {

series::Signal accuracy(std::vector<double> values, double spacing = 10.0) {
  series::Signal signal{.name = "test_accuracy"};
  for (std::size_t i = 0; i < values.size(); ++i) {
    signal.append(spacing * static_cast<double>(i), values[i]);
  }
  return signal;
}

const Target kTarget{.level = 0.9, .hold_share = 0.2, .hold_records = 3, .deadline = 100.0};

TEST(Target, ReachedWhenHeld) {
  const auto result = outcome(accuracy({.1, .5, .9, .95, .91, .2, .2, .2, .2, .2, .2}), kTarget);
  EXPECT_EQ(result.kind, OutcomeKind::reached);
  EXPECT_DOUBLE_EQ(*result.reached_at, 20.0);
  EXPECT_DOUBLE_EQ(*result.confirmed_at, 40.0);
}

TEST(Target, ATouchIsNotSustained) {
  const auto result = outcome(accuracy({.1, .95, .95, .1, .95, .95, .1, .1, .1, .1, .1}), kTarget);
  EXPECT_EQ(result.kind, OutcomeKind::not_reached);
}

TEST(Target, TheHoldMustEndByTheDeadline) {
  std::vector<double> values(15, .95);
  for (std::size_t i = 0; i < 9; ++i) values[i] = .1;  // high from 90 on; 110 is too late
  EXPECT_EQ(outcome(accuracy(values), kTarget).kind, OutcomeKind::not_reached);
  values[8] = .95;
  EXPECT_EQ(outcome(accuracy(values), kTarget).kind, OutcomeKind::reached);
}

TEST(Target, ARunThatEndsEarlyIsCensored) {
  EXPECT_EQ(outcome(accuracy({.1, .1, .1}), kTarget).kind, OutcomeKind::censored);
  EXPECT_EQ(outcome(accuracy({}), kTarget).kind, OutcomeKind::censored);
  EXPECT_EQ(outcome(accuracy({.1, .95, .95}), kTarget).kind, OutcomeKind::censored);
}

TEST(Target, NothingBeyondThePositionCounts) {
  const auto signal = accuracy({.1, .5, .9, .95, .91, .9, .9, .9, .9, .9, .9});
  EXPECT_NE(outcome(signal, kTarget, 39.0).kind, OutcomeKind::reached);
  EXPECT_EQ(outcome(signal, kTarget, 40.0).kind, OutcomeKind::reached);
}

TEST(Target, NonFiniteBreaksTheHoldAndRewindsAreHonoured) {
  EXPECT_EQ(outcome(accuracy({.95, NAN, .95, .95, .1, .1, .1, .1, .1, .1, .1}), kTarget).kind,
            OutcomeKind::not_reached);
  auto signal = accuracy({.1, .95, .95, .95, .95});
  for (double t = 10.0; t <= 100.0; t += 10.0) signal.append(t, .1);  // went back and lost it
  EXPECT_EQ(outcome(signal, kTarget).kind, OutcomeKind::not_reached);
}

TEST(Target, SaysWhatIsPredicted) {
  EXPECT_EQ(describe({.deadline = 10000.0}), "test_accuracy >= 0.9, sustained, before step 10000");
}

TEST(Target, RefusesNonsense) {
  EXPECT_THROW(checked({.deadline = 0.0}), ConfigError);
  EXPECT_THROW(checked({.level = 1.1, .deadline = 1.0}), ConfigError);
  EXPECT_THROW(checked({.hold_share = 0.9, .deadline = 1.0}), ConfigError);
  EXPECT_THROW(checked({.hold_records = 0, .deadline = 1.0}), ConfigError);
  EXPECT_THROW(checked({.deadline = std::nan("")}), ConfigError);
}

}  // namespace
}  // namespace emdyn::forecast
