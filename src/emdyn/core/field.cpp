#include "emdyn/core/field.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::field_detail {
namespace {

[[noreturn]] void out_of_range(std::string_view label, std::string_view got, double low,
                               double high) {
  constexpr double kMax = std::numeric_limits<double>::max();
  std::string range;
  if (low <= -kMax && high >= kMax) {
    range = "be finite";
  } else if (high >= kMax) {
    range = fmt::format("be at least {}", shortest(low));
  } else if (low <= -kMax) {
    range = fmt::format("be at most {}", shortest(high));
  } else {
    range = fmt::format("lie in [{}, {}]", shortest(low), shortest(high));
  }
  throw ConfigError(fmt::format("{} must {}, got {}", label, range, got));
}

}  // namespace

std::string label(std::string_view owner, std::string_view name) {
  return owner.empty() ? std::string(name) : fmt::format("{}.{}", owner, name);
}

void check_range(std::string_view label, double value, double low, double high) {
  if (!(low <= value && value <= high)) out_of_range(label, shortest(value), low, high);
}

double parse_number(std::string_view label, std::string_view text, double low, double high) {
  const auto value = parse_double(text);
  if (!value) throw ConfigError(fmt::format("{} must be a number, got \"{}\"", label, text));
  check_range(label, *value, low, high);
  return *value;
}

std::int64_t parse_integer(std::string_view label, std::string_view text, double low, double high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) out_of_range(label, text, low, high);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw ConfigError(fmt::format("{} must be a whole number, got \"{}\"", label, text));
  }
  check_range(label, static_cast<double>(value), low, high);
  return value;
}

bool parse_boolean(std::string_view label, std::string_view text) {
  const std::string word = to_lower(text);
  if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "0" || word == "no" || word == "off") return false;
  throw ConfigError(fmt::format("{} must be true or false, got \"{}\"", label, text));
}

std::size_t parse_word(std::string_view label, std::string_view text,
                       std::span<const std::string_view> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return i;
  }
  throw ConfigError(fmt::format("{} must be one of {}, got \"{}\"", label,
                                fmt::join(words.begin(), words.end(), ", "), text));
}

void unknown_field(std::string_view owner, std::string_view name,
                   std::span<const std::string_view> known) {
  const auto near = nearest_word(name, known);
  throw ConfigError(fmt::format("{}: no such parameter{}; known: {}", label(owner, name),
                                near ? fmt::format(" (did you mean {}?)", *near) : std::string(),
                                fmt::join(known.begin(), known.end(), ", ")));
}

}  // namespace emdyn::field_detail
