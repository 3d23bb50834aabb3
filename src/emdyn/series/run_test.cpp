#include "emdyn/series/run.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"

namespace emdyn::series {
namespace {

TEST(Signal, AStepThatGoesBackOpensASegmentAndBothAreKept) {
  Signal signal{.name = "loss"};
  for (const double step : {1.0, 2.0, 3.0}) EXPECT_FALSE(signal.append(step, step));
  EXPECT_TRUE(signal.append(2.0, 20.0));
  EXPECT_FALSE(signal.append(2.0, 21.0));  // The same step twice is no step back.
  EXPECT_EQ(signal.segments, (std::vector<std::size_t>{0, 3}));
  EXPECT_EQ(signal.size(), 5U);
  EXPECT_EQ(signal.last_values()[0], 20.0);
}

TEST(Signal, APrefixHoldsNothingBeyondItsPosition) {
  Signal signal{.name = "loss"};
  for (const double step : {1.0, 2.0, 3.0, 4.0}) signal.append(step, step);
  EXPECT_EQ(signal.prefix(2.5).values, (std::vector<double>{1.0, 2.0}));
  EXPECT_EQ(signal.prefix(0.0).size(), 0U);
  EXPECT_EQ(signal.prefix(9.0), signal);
}

TEST(Run, APrefixCutsSignalsAndRecords) {
  series::Run run;
  run.signals.push_back({.name = "loss"});
  for (const double step : {1.0, 2.0, 3.0}) run.signals[0].append(step, step);
  run.events = {{.signal = "loss", .position = 1.0}, {.signal = "loss", .position = 3.0}};
  run.transitions.resize(1);
  const series::Run cut = run.prefix(2.0);
  EXPECT_EQ(cut.find("loss")->size(), 2U);
  EXPECT_EQ(cut.events.size(), 1U);
  EXPECT_TRUE(cut.transitions.empty());
  EXPECT_EQ(cut.find("none"), nullptr);
}

TEST(RunStatus, RefusesAnUnknownWord) {
  EXPECT_EQ(run_status_from_word("failed"), RunStatus::failed);
  EXPECT_THROW((void)run_status_from_word("lost"), DataError);
}

}  // namespace
}  // namespace emdyn::series
