#include "emdyn/collect/ingest/contract/numbers.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_ignoring_case(std::string_view text, std::string_view word) noexcept {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != word[i]) return false;
  }
  return true;
}

bool is_missing_word(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 5> kWords{"na", "n/a", "null", "none", "-"};
  for (const std::string_view word : kWords) {
    if (equals_ignoring_case(text, word)) return true;
  }
  return false;
}

std::optional<double> nonfinite(std::string_view text) noexcept {
  double sign = 1.0;
  if (text.front() == '+' || text.front() == '-') {
    sign = text.front() == '-' ? -1.0 : 1.0;
    text.remove_prefix(1);
  }
  constexpr std::array<std::string_view, 6> kNan{"nan",     "nan(ind)", "nan(snan)",
                                                 "1.#qnan", "1.#ind",   "1.#snan"};
  constexpr std::array<std::string_view, 3> kInfinity{"inf", "infinity", "1.#inf"};
  for (const std::string_view word : kNan) {
    if (equals_ignoring_case(text, word)) return std::numeric_limits<double>::quiet_NaN();
  }
  for (const std::string_view word : kInfinity) {
    if (equals_ignoring_case(text, word)) return std::copysign(HUGE_VAL, sign);
  }
  return std::nullopt;
}

/// Takes exactly `digits` digits off the front.
bool take(std::string_view& text, std::size_t digits, int& value) noexcept {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char expected) noexcept {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// HH:MM[:SS[.fraction]] in seconds.
std::optional<double> take_clock(std::string_view& text) noexcept {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take(text, 2, hour) || !take(text, ':') || !take(text, 2, minute)) return std::nullopt;
  double fraction = 0.0;
  if (take(text, ':')) {
    if (!take(text, 2, second)) return std::nullopt;
    if (take(text, '.') || take(text, ',')) {
      double scale = 0.1;
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        fraction += scale * (text.front() - '0');
        scale /= 10.0;
        text.remove_prefix(1);
      }
    }
  }
  if (hour > 24 || minute > 59 || second > 60) return std::nullopt;
  return hour * 3600.0 + minute * 60.0 + second + fraction;
}

/// "", "Z", "UTC", "+02:00", "+0200": the seconds that the zone is ahead of UTC.
std::optional<double> zone_offset(std::string_view text) noexcept {
  if (text.empty() || text == "Z" || text == "z" || text == " UTC" || text == "UTC") return 0.0;
  const double sign = text.front() == '-' ? -1.0 : 1.0;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  int hour = 0;
  int minute = 0;
  if (!take(text, 2, hour)) return std::nullopt;
  take(text, ':');
  if (!text.empty() && !take(text, 2, minute)) return std::nullopt;
  if (!text.empty() || hour > 23 || minute > 59) return std::nullopt;
  return sign * (hour * 3600.0 + minute * 60.0);
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

Cell read_cell(std::string_view text) noexcept {
  text = trim(text);
  if (text.empty()) return {};
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return {CellKind::number, value};
  if (const auto parsed = parse_double(text)) return {CellKind::number, *parsed};
  if (const auto odd = nonfinite(text)) return {CellKind::number, *odd};
  return {is_missing_word(text) ? CellKind::missing : CellKind::text, 0.0};
}

std::optional<double> parse_time(std::string_view text) noexcept {
  text = trim(text);
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take(text, 4, year)) return std::nullopt;
  const char separator = text.empty() ? '\0' : text.front();
  if (separator != '-' && separator != '/') return std::nullopt;
  if (!take(text, separator) || !take(text, 2, month) || !take(text, separator) ||
      !take(text, 2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const double days = static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count());
  if (text.empty()) return days * 86400.0;
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  const auto clock = take_clock(text);
  const auto zone = zone_offset(text);
  if (!clock || !zone) return std::nullopt;
  return days * 86400.0 + *clock - *zone;
}

double epoch_seconds(double number, double divisor) noexcept {
  if (divisor > 0.0) return number / divisor;
  // 1e11 s is the year 5138; 1e11 ms, 1e14 µs and 1e17 ns are 1973.
  if (number >= 1e17 && number < 1e20) return number / 1e9;
  if (number >= 1e14 && number < 1e17) return number / 1e6;
  if (number >= 1e11 && number < 1e14) return number / 1e3;
  return number;
}

}  // namespace emdyn::collect::ingest
