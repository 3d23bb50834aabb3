#include "emdyn/collect/ingest/json/json_text.hpp"

#include <algorithm>

namespace emdyn::collect::ingest {
namespace {

constexpr std::string_view kJsonBlanks = " \t\r\n";

/// Length of the JSON value at the front of `text`, by its brackets and quotes alone (what reads
/// the value checks the rest); 0 when it does not end.
std::size_t value_length(std::string_view text) noexcept {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      if (c == '"' && depth == 0) return i + 1;
      continue;
    }
    if (c == '"') quoted = true;
    const bool closes = c == '}' || c == ']';
    if (depth == 0 && (closes || c == ',' || c == ':')) return i;
    if (c == '{' || c == '[') ++depth;
    if (closes && --depth == 0) return i + 1;
  }
  return 0;
}

}  // namespace

std::string_view without_blanks(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(kJsonBlanks), text.size()));
  return text;
}

std::string_view take_value(std::string_view& rest) noexcept {
  rest = without_blanks(rest);
  std::string_view value = rest.substr(0, value_length(rest));
  rest.remove_prefix(value.size());
  value.remove_suffix(value.size() - (value.find_last_not_of(kJsonBlanks) + 1));
  rest = without_blanks(rest);
  return value;
}

std::optional<std::string_view> member(std::string_view document, std::string_view key) noexcept {
  std::string_view rest = document.substr(1);
  for (;;) {
    const std::string_view name = take_value(rest);
    if (name.empty() || !rest.starts_with(':')) return std::nullopt;
    rest.remove_prefix(1);
    const std::string_view value = take_value(rest);
    if (value.empty()) return std::nullopt;
    if (name.size() == key.size() + 2 && name.substr(1, key.size()) == key) return value;
    if (!rest.starts_with(',')) return std::nullopt;
    rest.remove_prefix(1);
  }
}

}  // namespace emdyn::collect::ingest
