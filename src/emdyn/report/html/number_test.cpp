#include "emdyn/report/html/number.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace emdyn::report {
namespace {

const std::string kPercent = "\xC2\xA0%";

TEST(ReportNumber, GroupsThousandsAndUsesATrueMinus) {
  EXPECT_EQ(count_text(1240000), "1,240,000");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(fixed_text(-1234.5, 2), "−1,234.50");
  EXPECT_EQ(fixed_text(-0.001, 1), "0.0");
}

TEST(ReportNumber, KeepsTheSignificantDigits) {
  EXPECT_EQ(number_text(0.123456), "0.123");
  EXPECT_EQ(number_text(1420.0), "1,420");
  EXPECT_EQ(number_text(12.5), "12.5");
  EXPECT_EQ(number_text(1.2e-5), "1.2×10⁻⁵");
  EXPECT_EQ(number_text(-3e21), "−3×10²¹");
  EXPECT_EQ(number_text(1e-5), "10⁻⁵");
  EXPECT_EQ(number_text(0.0), "0");
  EXPECT_EQ(number_text(NAN), "not a number");
  EXPECT_EQ(number_text(-INFINITY), "−infinity");
}

TEST(ReportNumber, WritesPercent) {
  EXPECT_EQ(percent_text(0.97), "97" + kPercent);
  EXPECT_EQ(percent_text(0.004), "0.4" + kPercent);
  EXPECT_EQ(percent_text(0.0), "0" + kPercent);
  EXPECT_EQ(percent_text(1.0), "100" + kPercent);
  EXPECT_EQ(percent_text(0.995), "99.5" + kPercent);
  EXPECT_EQ(percent_text(1e-9),
            "<\xC2\xA0"
            "0.1" +
                kPercent);
  EXPECT_EQ(percent_text(0.99999),
            ">\xC2\xA0"
            "99.9" +
                kPercent);
}

TEST(ReportNumber, LetsTheIntervalDecideTheDigits) {
  EXPECT_EQ(place_text(series::Axis::step, series::Interval{1391.7, 1423.2, 1452.9, 0.9}),
            "step 1,420 (90" + kPercent + " interval 1,390–1,450)");
  EXPECT_EQ(NumberFormat{}.interval({1.2345, 1.2349, 1.2352, 0.95}),
            "1.2349 (95" + kPercent + " interval 1.2345–1.2352)");
  EXPECT_EQ(NumberFormat{}.interval({12.0, 48.0, 112.0, 0.9}),
            "50 (90" + kPercent + " interval 10–110)");
  EXPECT_EQ((NumberFormat{true, ""}.interval({0.61, 0.682, 0.75, 0.9})),
            "68" + kPercent + " (90" + kPercent + " interval 61–75" + kPercent + ")");
  EXPECT_EQ(NumberFormat{}.interval({5, 5, 5, 0.9}), "5 (90" + kPercent + " interval 5–5)");
}

TEST(ReportNumber, NamesPlacesOfEveryAxis) {
  EXPECT_EQ(place_text(series::Axis::step, 1420.0), "step 1,420");
  EXPECT_EQ(place_text(series::Axis::tokens, 1.2e9),
            "1.2\xC2\xA0"
            "B tokens");
  EXPECT_EQ(place_text(series::Axis::epsilon, 0.03), "ε = 0.03");
  EXPECT_EQ(distance_text(series::Axis::step, 1.0), "1 step");
  EXPECT_EQ(distance_text(series::Axis::step, 810.0), "810 steps");
  EXPECT_EQ(distance_text(series::Axis::step, 682.0, 60.0), "680 steps");
  EXPECT_EQ(distance_text(series::Axis::step, 3.2, 0.01), "3 steps");
  EXPECT_EQ((NumberFormat{true, ""}.range(0.0119, 0.99)), "1–99" + kPercent);
  EXPECT_EQ(NumberFormat{}.range(0.0002, 4.4812), "0.0002–4.5");
  EXPECT_EQ(NumberFormat{}.range(1.0, 3.0), "1–3");
  EXPECT_EQ(NumberFormat{}.range(28.31, 40.0), "28.3–40");
}

TEST(ReportNumber, WritesDurations) {
  EXPECT_EQ(duration_text(1.2e-5), "12 µs");
  EXPECT_EQ(duration_text(0.035), "35 ms");
  EXPECT_EQ(duration_text(41.3), "41.3 s");
  EXPECT_EQ(duration_text(125.0), "2 min 5 s");
  EXPECT_EQ(duration_text(7384.0), "2 h 3 min");
  EXPECT_EQ(duration_text(-1.0), "unknown");
}

TEST(ReportNumber, WritesPValues) {
  EXPECT_EQ(p_value_text(0.032), "0.032");
  EXPECT_EQ(p_value_text(2e-5), "2×10⁻⁵");
  EXPECT_EQ(p_value_text(0.0), "< 10⁻³⁰⁰");
}

}  // namespace
}  // namespace emdyn::report
