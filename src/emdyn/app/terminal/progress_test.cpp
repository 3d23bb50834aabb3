#include "emdyn/app/terminal/progress.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace emdyn::app::terminal {
namespace {

TEST(Sparkline, SpansItsOwnRangeAndKeepsTheLastValues) {
  EXPECT_EQ(sparkline(std::vector<double>{0.0, 0.5, 1.0}, 10), "▁▅█");
  EXPECT_EQ(sparkline(std::vector<double>{9.0, 0.0, NAN, 1.0}, 3), "▁ █");
  EXPECT_EQ(sparkline(std::vector<double>{2.0, 2.0}, 10), "▁▁");
  EXPECT_EQ(sparkline({}, 10), "");
}

TEST(ClockText, GrowsAnHourWhenNeeded) {
  EXPECT_EQ(clock_text(65.2), "1:05");
  EXPECT_EQ(clock_text(7384), "2:03:04");
  EXPECT_EQ(clock_text(NAN), "?");
}

TEST(ProgressLine, SaysShareRateAndTimeLeftInTheGivenWidth) {
  EXPECT_EQ(progress_line("train", 50, 200, "steps", 10.0, "", 100),
            "train █████░░░░░░░░░░░░░░░  25 %  5 steps/s  0:30 left");
  EXPECT_EQ(progress_line("read", 50, 0, "rows", 10.0, "x", 100), "read 50 rows  5 rows/s  x");
  EXPECT_EQ(progress_line("train", 50, 200, "steps", 10.0, "tail", 10), "train ████");
}

}  // namespace
}  // namespace emdyn::app::terminal
