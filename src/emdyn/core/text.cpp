#include "emdyn/core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

namespace emdyn {
namespace {

/// Length of the well-formed UTF-8 sequence that `bytes` starts with; 0 when it is none.
std::size_t sequence_length(std::string_view bytes) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  if (lead == 0xE0 && at(1) < 0xA0) return 0;  // Overlong.
  if (lead == 0xED && at(1) > 0x9F) return 0;  // Surrogates.
  if (lead == 0xF0 && at(1) < 0x90) return 0;  // Overlong.
  if (lead == 0xF4 && at(1) > 0x8F) return 0;  // Beyond U+10FFFF.
  return length;
}

/// The code point of a well-formed sequence.
char32_t code_point(std::string_view sequence) noexcept {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead;
  char32_t code = lead & (0x7FU >> sequence.size());
  for (const char byte : sequence.substr(1)) {
    code = code << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return code;
}

struct CodeRange {
  char32_t first;
  char32_t last;
};
/// Code points that take no room or turn the text around them: Unicode's default ignorable ones, line separators and
/// the tags of hidden text. Variation selectors are left alone, emoji have them.
constexpr std::array<CodeRange, 15> kUnseen{{{0x00AD, 0x00AD},
                                             {0x034F, 0x034F},
                                             {0x061C, 0x061C},
                                             {0x115F, 0x1160},
                                             {0x17B4, 0x17B5},
                                             {0x180B, 0x180F},
                                             {0x200B, 0x200F},
                                             {0x2028, 0x202E},
                                             {0x2060, 0x206F},
                                             {0x3164, 0x3164},
                                             {0xFEFF, 0xFEFF},
                                             {0xFFA0, 0xFFA0},
                                             {0xFFF0, 0xFFFB},
                                             {0x1D173, 0x1D17A},
                                             {0xE0000, 0xE0FFF}}};

/// What stands in the place of such a sequence; empty for one that is seen as it is.
std::string unseen_escape(std::string_view sequence) {
  if (sequence.size() < 2) return {};
  const char32_t code = code_point(sequence);
  const bool c1 = code < 0xA0;
  const bool unseen = std::ranges::any_of(
      kUnseen, [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
  if (!c1 && !unseen) return {};
  const auto number = static_cast<std::uint32_t>(code);
  return number > 0xFFFF ? fmt::format("\\U{:08x}", number) : fmt::format("\\u{:04x}", number);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<double> parse_double(std::string_view text) noexcept {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) return std::nullopt;
  }
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // The standard leaves `value` untouched: tell overflow from underflow by the exponent's sign.
    const auto exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos && exponent + 1 < text.size() &&
                      text[exponent + 1] == '-';
    const double sign = text.front() == '-' ? -1.0 : 1.0;
    return std::copysign(tiny ? 0.0 : HUGE_VAL, sign);
  }
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::string shortest(double value) { return fmt::format("{}", value); }

bool is_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string terminal_safe(std::string_view untrusted) {
  std::string safe;
  while (!untrusted.empty()) {
    const std::size_t length = sequence_length(untrusted);
    const auto lead = static_cast<unsigned char>(untrusted[0]);
    const bool control = length == 1 && (lead < 0x20 || lead == 0x7F);
    if (length == 0 || control) {
      safe += fmt::format("\\x{:02x}", lead);
    } else {
      const std::string escape = unseen_escape(untrusted.substr(0, length));
      safe += escape.empty() ? untrusted.substr(0, length) : std::string_view(escape);
    }
    untrusted.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return safe;
}

std::string html_escape(std::string_view untrusted) {
  std::string safe;
  safe.reserve(untrusted.size());
  for (; !untrusted.empty(); untrusted.remove_prefix(1)) {
    const char c = untrusted[0];
    const std::size_t length = sequence_length(untrusted);
    if (length > 1) {
      const std::string escape = unseen_escape(untrusted.substr(0, length));
      safe += escape.empty() ? untrusted.substr(0, length) : std::string_view(escape);
      untrusted.remove_prefix(length - 1);
      continue;
    }
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::optional<std::string_view> nearest_word(std::string_view word,
                                             std::span<const std::string_view> known) {
  std::optional<std::string_view> nearest;
  std::size_t best = 3;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best && distance < candidate.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string count_text(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural) {
  std::string text = count_text(count) + ' ';
  if (count == 1) return text.append(noun);
  return plural.empty() ? text.append(noun) + 's' : text.append(plural);
}

}  // namespace emdyn
