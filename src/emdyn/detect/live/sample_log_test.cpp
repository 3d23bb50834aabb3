#include "emdyn/detect/live/sample_log.hpp"

#include <gtest/gtest.h>

namespace emdyn::detect {
namespace {

TEST(SampleLog, TheLastSamplesAreKnownExactly) {
  SampleLog log;
  for (int i = 0; i < 600; ++i) log.push(10.0 * i, i);
  EXPECT_EQ(log.at(0), 5990.0);
  EXPECT_EQ(log.at(511), 880.0);
  EXPECT_EQ(log.at(100000), 0.0);  // There is nothing before the first.
  log.clear();
  log.push(3.0, 0.0);
  EXPECT_EQ(log.at(5), 3.0);
}

// Every place is known to within a 60th of its age, earlier ends are no later and later ones no earlier than the truth.
TEST(SampleLog, OlderOnesAreKnownToWithinASixtiethOfTheirAge) {
  SampleLog log;
  std::uint64_t pushed = 0;
  for (const std::uint64_t until : {513ULL, 1025ULL, 1040ULL, 5000ULL, 65536ULL, 300001ULL}) {
    for (; pushed < until; ++pushed) log.push(static_cast<double>(pushed), 0.0);
    for (std::uint64_t ago = 0; ago < until; ago += 1 + ago / 50) {
      const double truth = static_cast<double>(until - 1 - ago);
      const double slack = ago < 512 ? 0.0 : static_cast<double>(ago) / 60.0 + 1.0;
      EXPECT_LE(log.at(ago), truth) << until << " " << ago;
      EXPECT_GE(log.at(ago), truth - slack) << until << " " << ago;
      Evidence evidence;
      evidence.onset_samples_ago = evidence.onset_earliest_ago = evidence.onset_latest_ago = ago;
      const series::Interval onset = log.interval(evidence);
      EXPECT_LE(onset.low, truth);
      EXPECT_GE(onset.high, truth) << until << " " << ago;
      EXPECT_LE(onset.high, truth + slack) << until << " " << ago;
    }
  }
}

TEST(SampleLog, KnowsTheValuesBeforeAndAfter) {
  SampleLog log;
  EXPECT_FALSE(log.change(0, true));
  for (int i = 0; i < 40; ++i) log.push(i, i < 30 ? 1.0 : 5.0);
  log.push(40.0, 9.0);
  const auto spike = log.change(10, true);
  ASSERT_TRUE(spike);
  EXPECT_EQ(spike->before, 5.0);
  EXPECT_EQ(spike->after, 9.0);
  const auto shift = log.change(10, false);
  ASSERT_TRUE(shift);
  EXPECT_EQ(shift->before, 1.0);
  EXPECT_EQ(shift->after, 5.0);
  EXPECT_FALSE(log.change(40, false));  // Nothing before.
}

TEST(SampleLog, KnowsTheValuesBeforeAnOnsetOfLongAgo) {
  SampleLog log;
  for (int i = 0; i < 20000; ++i) log.push(i, i < 9000 ? 1.0 : 5.0);
  const auto change = log.change(20000 - 9001, false);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->before, 1.0);
  EXPECT_EQ(change->after, 5.0);
}

}  // namespace
}  // namespace emdyn::detect
