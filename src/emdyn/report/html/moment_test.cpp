#include "emdyn/report/html/moment.hpp"

#include <gtest/gtest.h>

#include "emdyn/report/html/number.hpp"

namespace emdyn::report {
namespace {

using series::Axis;

TEST(Moments, AreToldAsDates) {
  EXPECT_EQ(moment_text(1396342800), "2014-04-01 09:00");
  EXPECT_EQ(moment_text(1396342805), "2014-04-01 09:00:05");
  EXPECT_EQ(moment_text(1396342805, 86400), "2014-04-01 09:00");
  EXPECT_EQ(moment_text(1396342805, 4e7), "2014-04-01");
  EXPECT_EQ(place_number(Axis::seconds, 1396342800), "2014-04-01 09:00");
  EXPECT_EQ(place_number(Axis::seconds, 90), "90");
  EXPECT_EQ(place_number(Axis::step, 1396342800), position_text(1396342800));
  EXPECT_EQ(place_text(Axis::seconds, 1396342800.0), "2014-04-01 09:00");
  EXPECT_EQ(place_text(Axis::seconds, series::Interval{1396342200, 1396342800, 1396343400}),
            "2014-04-01 09:00 (90\xC2\xA0% interval 2014-04-01 08:50 to 2014-04-01 09:10)");
  EXPECT_EQ(distance_text(Axis::seconds, 5400), "90 min 0 s");
}

TEST(Moments, HaveTicksOnRoundTimes) {
  const auto days = moment_ticks(1396310400, 1397520000, 6);  // Two weeks.
  ASSERT_GE(days.size(), 3U);
  for (const double tick : days) EXPECT_EQ(static_cast<long>(tick) % 86400, 0);
  EXPECT_LE(days.size(), 7U);
  EXPECT_EQ(moment_ticks(1396342800, 1396342800, 6).size(), 1U);
  EXPECT_LE(moment_ticks(0, 2.5e11, 6).size(), 100U);
}

}  // namespace
}  // namespace emdyn::report
