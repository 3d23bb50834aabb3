#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emdyn/core/text.hpp"
#include "emdyn/series/records.hpp"

/// Numbers as the report prints them: thousands separated by commas, a true minus sign, no more
/// digits than are known.
namespace emdyn::report {

using emdyn::count_text;

/// With exactly `decimals` digits after the point (0 to 12): "−1,234.50".
std::string fixed_text(double value, int decimals);

/// In `significant` digits (1 to 12), trailing zeros dropped; below 1e-4 and from 1e7 on as
/// "1.2×10⁻⁵". Integers below 1e7 keep all digits. NaN and infinities in words.
std::string number_text(double value, int significant = 3);

/// A fraction as "97 %"; near 0 and 1 with a decimal, "< 0.1 %", "> 99.9 %".
std::string percent_text(double fraction);

/// "0.03", "2×10⁻⁵", "< 10⁻³⁰⁰".
std::string p_value_text(double p_value);

/// "12 µs", "1.3 s", "2 min 5 s".
std::string duration_text(double seconds);

/// Digits after the point that an interval of this width deserves: at least five, at most fifty
/// steps of the last digit across it. Negative: round to tens, hundreds.
int decimals_for_width(double width) noexcept;

/// `value` rounded to `decimals` (which may be negative) and printed.
std::string rounded_text(double value, int decimals);

/// How the values of one signal or axis are printed.
struct NumberFormat {
  bool percent = false;  ///< The value is a fraction.
  std::string unit{};    ///< Appended after a space.

  std::string value(double number) const;
  /// Estimate alone, in the digits its interval deserves.
  std::string estimate(const series::Interval& interval) const;
  /// "1,420 (90 % interval 1,390–1,450)".
  std::string interval(const series::Interval& interval) const;
  /// "1,390–1,450"
  std::string range(double low, double high) const;
};

/// "step 1,420", "1.2 B tokens", "ε = 0.03".
std::string place_text(series::Axis axis, std::string_view number);
std::string place_text(series::Axis axis, double position);
/// "step 1,420 (90 % interval 1,390–1,450)".
std::string place_text(series::Axis axis, const series::Interval& interval);
/// "810 steps"
std::string distance_text(series::Axis axis, double distance);
/// The same, in the digits an interval of this width deserves.
std::string distance_text(series::Axis axis, double distance, double width);
/// A position without its axis: all digits of an integer below `short_from`, then "12 M", "3.1 B".
std::string position_text(double position, double short_from = 1e7);
/// "training step", "tokens seen".
std::string_view axis_label(series::Axis axis) noexcept;

}  // namespace emdyn::report
