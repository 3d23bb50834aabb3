#include "emdyn/report/html/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/report/html/moment.hpp"

namespace emdyn::report {

namespace {

constexpr std::string_view kMinus = "−";
constexpr std::string_view kNoBreakSpace = "\xC2\xA0";

/// Puts commas between thousands of a plain decimal number and replaces the sign.
std::string grouped(std::string_view plain) {
  std::string out;
  if (!plain.empty() && plain.front() == '-') {
    out += kMinus;
    plain.remove_prefix(1);
  }
  const std::size_t whole = std::min(plain.find('.'), plain.size());
  for (std::size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % 3 == 0) out += ',';
    out += plain[i];
  }
  out += plain.substr(whole);
  return out;
}

std::string superscript(int exponent) {
  constexpr std::array<std::string_view, 10> kDigits{"⁰", "¹", "²", "³", "⁴",
                                                     "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = exponent < 0 ? "⁻" : "";
  for (const char digit : std::to_string(std::abs(exponent))) {
    out += kDigits[static_cast<std::size_t>(digit - '0')];
  }
  return out;
}

void drop_trailing_zeros(std::string& digits) {
  if (digits.find('.') == std::string::npos) return;
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
}

std::string scientific(double value, int significant) {
  const std::string text = fmt::format("{:.{}e}", value, significant - 1);
  const std::size_t mark = text.find('e');
  std::string mantissa = text.substr(0, mark);
  drop_trailing_zeros(mantissa);
  const std::string power = "10" + superscript(std::stoi(text.substr(mark + 1)));
  if (mantissa == "1") return power;
  if (mantissa == "-1") return std::string(kMinus) + power;
  return grouped(mantissa) + "×" + power;
}

}  // namespace

std::string fixed_text(double value, int decimals) {
  std::string digits = fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 12));
  if (digits.find_first_not_of("-0.") == std::string::npos && digits.front() == '-') {
    digits.erase(0, 1);
  }
  return grouped(digits);
}

std::string number_text(double value, int significant) {
  if (std::isnan(value)) return "not a number";
  if (std::isinf(value)) return value > 0 ? "infinity" : "−infinity";
  if (value == 0.0) return "0";
  const double size = std::abs(value);
  if (size < 1e-4 || size >= 1e7) return scientific(value, significant);
  if (value == std::round(value)) return fixed_text(value, 0);
  const int magnitude = static_cast<int>(std::floor(std::log10(size)));
  std::string digits =
      fmt::format("{:.{}f}", value, std::clamp(significant - 1 - magnitude, 0, 12));
  drop_trailing_zeros(digits);
  return grouped(digits);
}

std::string percent_text(double fraction) {
  if (!std::isfinite(fraction)) return number_text(fraction);
  const double percent = 100.0 * fraction;
  const std::string sign = std::string(kNoBreakSpace) + "%";
  if (percent > 0.0 && percent < 0.1) return "<" + std::string(kNoBreakSpace) + "0.1" + sign;
  if (percent > 99.9 && percent < 100.0) return ">" + std::string(kNoBreakSpace) + "99.9" + sign;
  const bool near_end = (percent > 0.0 && percent < 1.0) || (percent > 99.0 && percent < 100.0);
  return fixed_text(percent, near_end ? 1 : 0) + sign;
}

std::string p_value_text(double p_value) {
  if (!std::isfinite(p_value)) return "unknown";
  if (p_value <= 0.0) return "< 10⁻³⁰⁰";
  return number_text(p_value, 2);
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0.0) return "unknown";
  if (seconds == 0.0) return "0 s";
  if (seconds < 1e-3) return number_text(seconds * 1e6, 2) + " µs";
  if (seconds < 1.0) return number_text(seconds * 1e3, 2) + " ms";
  if (seconds < 120.0) return number_text(seconds, 3) + " s";
  const double minutes = std::floor(seconds / 60.0);
  if (minutes < 120.0) return fmt::format("{:.0f} min {:.0f} s", minutes, seconds - 60.0 * minutes);
  const double hours = std::floor(minutes / 60.0);
  return fmt::format("{} h {:.0f} min", fixed_text(hours, 0), minutes - 60.0 * hours);
}

int decimals_for_width(double width) noexcept {
  if (!std::isfinite(width) || width <= 0.0) return 3;
  const double decimals = -std::floor(std::log10(width / 5.0));
  return static_cast<int>(std::clamp(decimals, -15.0, 12.0));
}

std::string rounded_text(double value, int decimals) {
  if (!std::isfinite(value)) return number_text(value);
  if (decimals >= 0) {
    return std::abs(value) >= 1e7 ? scientific(value, 4) : fixed_text(value, decimals);
  }
  const double unit = std::pow(10.0, -decimals);
  const double rounded = std::round(value / unit) * unit;
  return std::abs(rounded) >= 1e7 ? position_text(rounded) : fixed_text(rounded, 0);
}

std::string NumberFormat::value(double number) const {
  if (percent) return percent_text(number);
  return unit.empty() ? number_text(number)
                      : number_text(number) + std::string(kNoBreakSpace) + unit;
}

namespace {

struct IntervalDigits {
  std::string low, estimate, high;
};

IntervalDigits digits(const series::Interval& interval, double factor) {
  const double width = factor * std::abs(interval.high - interval.low);
  const auto print = [&](double value) {
    return width > 0.0 ? rounded_text(factor * value, decimals_for_width(width))
                       : number_text(factor * value, 4);
  };
  return {print(interval.low), print(interval.estimate), print(interval.high)};
}

std::string suffix(const NumberFormat& format) {
  if (format.percent) return std::string(kNoBreakSpace) + "%";
  return format.unit.empty() ? "" : std::string(kNoBreakSpace) + format.unit;
}

}  // namespace

std::string NumberFormat::estimate(const series::Interval& interval) const {
  return digits(interval, percent ? 100.0 : 1.0).estimate + suffix(*this);
}

std::string NumberFormat::interval(const series::Interval& interval) const {
  const IntervalDigits text = digits(interval, percent ? 100.0 : 1.0);
  return fmt::format("{}{} ({} interval {}–{}{})", text.estimate, suffix(*this),
                     percent_text(interval.level), text.low, text.high,
                     percent ? suffix(*this) : "");
}

std::string NumberFormat::range(double low, double high) const {
  const double factor = percent ? 100.0 : 1.0;
  const double width = factor * std::abs(high - low);
  const bool orders_apart = low > 0.0 && high > 100.0 * low;
  const bool plain = width > 1e-4 && factor * std::max(std::abs(low), std::abs(high)) < 1e7;
  const auto print = [&](double value) {
    if (orders_apart || !plain) return number_text(factor * value, 2);
    std::string digits = rounded_text(factor * value, decimals_for_width(width) + 1);
    drop_trailing_zeros(digits);
    return digits;
  };
  return print(low) + "–" + print(high) + suffix(*this);
}

std::string position_text(double position, double short_from) {
  struct Size {
    double unit;
    std::string_view letter;
  };
  constexpr std::array kSizes{Size{1e12, "T"}, Size{1e9, "B"}, Size{1e6, "M"}};
  const double size = std::abs(position);
  if (size < short_from || size >= 1e16) return number_text(position, 4);
  for (const Size& scale : kSizes) {
    if (size >= scale.unit) {
      return number_text(position / scale.unit, 4) + std::string(kNoBreakSpace) +
             std::string(scale.letter);
    }
  }
  return number_text(position, 4);
}

std::string place_text(series::Axis axis, std::string_view number) {
  switch (axis) {
    case series::Axis::step:
      return fmt::format("step {}", number);
    case series::Axis::tokens:
      return fmt::format("{} tokens", number);
    case series::Axis::flops:
      return fmt::format("{} FLOPs", number);
    case series::Axis::parameters:
      return fmt::format("{} parameters", number);
    case series::Axis::epsilon:
      return fmt::format("ε = {}", number);
    case series::Axis::severity:
      return fmt::format("severity {}", number);
    case series::Axis::seconds:
      return fmt::format("{} s", number);
  }
  return std::string(number);
}

std::string place_text(series::Axis axis, double position) {
  if (is_moment(axis, position)) return moment_text(position);
  return place_text(axis, position_text(position));
}

std::string place_text(series::Axis axis, const series::Interval& interval) {
  if (is_moment(axis, interval.estimate)) {
    const double width = interval.high - interval.low;
    return fmt::format("{} ({} interval {} to {})", moment_text(interval.estimate, width),
                       percent_text(interval.level), moment_text(interval.low, width),
                       moment_text(interval.high, width));
  }
  const IntervalDigits text = digits(interval, 1.0);
  return fmt::format("{} ({} interval {}–{})", place_text(axis, text.estimate),
                     percent_text(interval.level), text.low, text.high);
}

namespace {

std::string distance_words(series::Axis axis, const std::string& number) {
  switch (axis) {
    case series::Axis::step:
      return number + (number == "1" ? " step" : " steps");
    case series::Axis::epsilon:
      return number + " of ε";
    case series::Axis::severity:
      return number + " of severity";
    default:
      return place_text(axis, number);
  }
}

}  // namespace

std::string distance_text(series::Axis axis, double distance) {
  if (axis == series::Axis::seconds) return duration_text(distance);
  return distance_words(axis, position_text(distance));
}

std::string distance_text(series::Axis axis, double distance, double width) {
  if (!(width > 0.0) || axis == series::Axis::seconds) return distance_text(axis, distance);
  // Steps are whole, however narrow the interval.
  const int most = axis == series::Axis::step ? 0 : 12;
  return distance_words(axis, rounded_text(distance, std::min(most, decimals_for_width(width))));
}

std::string_view axis_label(series::Axis axis) noexcept {
  switch (axis) {
    case series::Axis::step:
      return "training step";
    case series::Axis::tokens:
      return "tokens seen";
    case series::Axis::flops:
      return "compute (FLOPs)";
    case series::Axis::parameters:
      return "parameters";
    case series::Axis::epsilon:
      return "perturbation size ε";
    case series::Axis::severity:
      return "severity";
    case series::Axis::seconds:
      return "time (seconds)";
  }
  return "position";
}

}  // namespace emdyn::report
