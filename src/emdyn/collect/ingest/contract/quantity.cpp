#include "emdyn/collect/ingest/contract/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

enum Dimension : int { kPercent, kBytes, kTime, kPower, kTemperature, kFrequency, kRate, kPeriod };

struct Unit {
  std::string_view name;
  Dimension dimension;
  double in_base;
};

constexpr auto kUnits = std::to_array<Unit>({
    {"%", kPercent, 1.0},
    {"B", kBytes, 1.0},
    {"kB", kBytes, 1e3},
    {"KB", kBytes, 1e3},
    {"MB", kBytes, 1e6},
    {"GB", kBytes, 1e9},
    {"TB", kBytes, 1e12},
    {"KiB", kBytes, 1024.0},
    {"MiB", kBytes, 1048576.0},
    {"GiB", kBytes, 1073741824.0},
    {"TiB", kBytes, 1099511627776.0},
    {"ns", kTime, 1e-9},
    {"us", kTime, 1e-6},
    {"\u00b5s", kTime, 1e-6},
    {"\u03bcs", kTime, 1e-6},
    {"ms", kTime, 1e-3},
    {"s", kTime, 1.0},
    {"sec", kTime, 1.0},
    {"secs", kTime, 1.0},
    {"seconds", kTime, 1.0},
    {"min", kTime, 60.0},
    {"h", kTime, 3600.0},
    {"mW", kPower, 1e-3},
    {"W", kPower, 1.0},
    {"kW", kPower, 1e3},
    {"C", kTemperature, 1.0},
    {"\u00b0C", kTemperature, 1.0},
    {"Hz", kFrequency, 1.0},
    {"kHz", kFrequency, 1e3},
    {"MHz", kFrequency, 1e6},
    {"GHz", kFrequency, 1e9},
    {"it/s", kRate, 1.0},
    {"its/s", kRate, 1.0},
    {"fps", kRate, 1.0},
    {"samples/s", kRate, 1.0},
    {"tok/s", kRate, 1.0},
    {"tokens/s", kRate, 1.0},
    {"s/it", kPeriod, 1.0},
    {"ms/it", kPeriod, 1e-3},
    {"ms/step", kPeriod, 1e-3},
    {"s/step", kPeriod, 1.0},
});

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::string_view without_sign(std::string_view text) noexcept {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

/// Groups of three digits behind one to three digits: "1.234.567" between `separator`s.
bool is_grouped(std::string_view text, char separator) noexcept {
  auto end = text.find(separator);
  if (end == std::string_view::npos || end == 0 || end > 3 || !all_digits(text.substr(0, end))) {
    return false;
  }
  while (end != std::string_view::npos) {
    text.remove_prefix(end + 1);
    end = text.find(separator);
    const std::string_view group = text.substr(0, end);
    if (group.size() != 3 || !all_digits(group)) return false;
  }
  return true;
}

std::string without(std::string_view text, char gone) {
  std::string kept(text);
  std::erase(kept, gone);
  return kept;
}

}  // namespace

std::optional<Quantity> read_quantity(std::string_view text) noexcept {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  double number = 0.0;
  const std::size_t plus = text.front() == '+' ? 1 : 0;
  const auto [end, error] = std::from_chars(text.data() + plus, text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const std::string_view name = trim(text);
  const auto unit = std::ranges::find(kUnits, name, &Unit::name);
  if (unit == kUnits.end()) return std::nullopt;
  return Quantity{number, unit->name, unit->dimension, unit->in_base};
}

std::optional<double> read_comma_number(std::string_view text, bool commas_are_decimal) noexcept {
  text = trim(text);
  const auto comma = text.find(',');
  if (comma == std::string_view::npos || text.size() > 64) return std::nullopt;
  const bool several = text.find(',', comma + 1) != std::string_view::npos;
  const std::string_view bare = without_sign(text);
  const std::string_view before = bare.substr(0, bare.find(','));
  const std::string_view after = bare.substr(bare.find(',') + 1);
  if (several) {
    const std::string_view whole = bare.substr(0, bare.find('.'));
    return is_grouped(whole, ',') ? parse_double(without(text, ',')) : std::nullopt;
  }
  if (after.find('.') != std::string_view::npos) {  // "1,234.56"
    const std::string_view whole = bare.substr(0, bare.find('.'));
    return is_grouped(whole, ',') ? parse_double(without(text, ',')) : std::nullopt;
  }
  if (!after.empty() && !is_digit(after.front())) return std::nullopt;
  const bool points_group = is_grouped(before, '.');
  if (!points_group && !all_digits(before)) return std::nullopt;
  const bool ambiguous = !points_group && after.size() == 3 && all_digits(after) &&
                         before.size() <= 3 && before != "0";
  if (ambiguous && !commas_are_decimal) return std::nullopt;
  std::string plain = points_group ? without(text, '.') : std::string(text);
  std::ranges::replace(plain, ',', '.');
  return parse_double(plain);
}

std::optional<StepText> read_step(std::string_view text) noexcept {
  text = trim(text);
  if (text.starts_with('[') && text.ends_with(']')) text = trim(text.substr(1, text.size() - 2));
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view number = trim(text.substr(0, slash));
    const std::string_view total = trim(text.substr(slash + 1));
    if (!all_digits(number) || !all_digits(total)) return std::nullopt;
    return StepText{parse_double(number).value_or(0.0), parse_double(total)};
  }
  // Words and one whole number behind them, perhaps a file's ending.
  const auto first = text.find_first_of("0123456789");
  if (first == 0 || first == std::string_view::npos) return std::nullopt;
  const auto last = std::min(text.find_first_not_of("0123456789", first), text.size());
  const std::string_view rest = text.substr(last);
  const bool ending = rest.empty() || (rest.front() == '.' && std::ranges::none_of(rest, is_digit));
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '=' ||
           c == ' ';
  };
  if (!ending || !std::ranges::all_of(text.substr(0, first), is_word)) return std::nullopt;
  // "-5" is a number, and "e-5" is none of these.
  const std::string_view words = text.substr(0, first);
  if (std::ranges::none_of(words, [](char c) { return c >= 'A' && c <= 'z' && c != '_'; })) {
    return std::nullopt;
  }
  return StepText{parse_double(text.substr(first, last - first)).value_or(0.0), std::nullopt};
}

bool is_exact(std::string_view text) noexcept {
  constexpr double kLargest = 18446744073709551616.0;  // 2^64
  text = without_sign(trim(text));
  if (text.size() < 16 || !all_digits(text)) return true;
  std::uint64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  const auto near = static_cast<double>(whole);
  return near < kLargest && static_cast<std::uint64_t>(near) == whole;
}

}  // namespace emdyn::collect::ingest
