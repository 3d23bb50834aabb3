#include "emdyn/report/html/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "emdyn/core/text.hpp"

namespace emdyn::report {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Length in bytes of the well-formed UTF-8 character at the front, 0 when there is none.
std::size_t character_length(std::string_view bytes) noexcept {
  const auto lead = static_cast<unsigned char>(bytes.front());
  std::size_t length = 0;
  if (lead < 0x80) {
    length = 1;
  } else if (lead < 0xE0) {
    length = 2;
  } else if (lead < 0xF0) {
    length = 3;
  } else {
    length = 4;
  }
  return bytes.size() >= length && is_utf8(bytes.substr(0, length)) ? length : 0;
}

/// The code point of a well-formed character.
char32_t code_point(std::string_view character) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0);
  char32_t code = byte(0) & (0x7FU >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) code = (code << 6U) | (byte(i) & 0x3FU);
  return code;
}

bool is_control(char32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
}

/// Characters that reorder the text around them, or have no width of their own: two names that look
/// alike may differ by them. Unicode's bidirectional controls, joiners, fillers and tags.
bool is_invisible(char32_t code) noexcept {
  struct Span {
    char32_t first, last;
  };
  constexpr std::array<Span, 17> kSpans{{{0xAD, 0xAD},
                                         {0x34F, 0x34F},
                                         {0x61C, 0x61C},
                                         {0x115F, 0x1160},
                                         {0x17B4, 0x17B5},
                                         {0x180B, 0x180F},
                                         {0x200B, 0x200F},
                                         {0x202A, 0x202E},
                                         {0x2060, 0x206F},
                                         {0x2800, 0x2800},
                                         {0x3164, 0x3164},
                                         {0xFEFF, 0xFEFF},
                                         {0xFFA0, 0xFFA0},
                                         {0xFFF0, 0xFFFB},
                                         {0x1BCA0, 0x1BCA3},
                                         {0x1D173, 0x1D17A},
                                         {0xE0000, 0xE0FFF}}};
  return std::ranges::any_of(
      kSpans, [code](const Span& span) { return code >= span.first && code <= span.last; });
}

/// In the \u form of JSON, as two surrogates beyond the basic plane.
std::string json_escape(char32_t code) {
  const auto number = static_cast<std::uint32_t>(code);
  if (number < 0x10000) return fmt::format("\\u{:04x}", number);
  const std::uint32_t rest = number - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10U), 0xDC00 + (rest & 0x3FFU));
}

}  // namespace

std::string clean_text(std::string_view untrusted, std::size_t limit) {
  std::string clean;
  std::size_t kept = 0;
  while (!untrusted.empty()) {
    if (kept == limit) return clean + "…";
    const std::size_t length = character_length(untrusted);
    const std::string_view character = untrusted.substr(0, length);
    const char32_t code = length == 0 ? 0 : code_point(character);
    if (length == 0) {
      clean += kReplacement;
    } else if (is_control(code)) {
      clean += ' ';
    } else if (is_invisible(code)) {
      clean += fmt::format("⟨U+{:04X}⟩", static_cast<std::uint32_t>(code));
    } else {
      clean += character;
    }
    ++kept;
    untrusted.remove_prefix(length == 0 ? 1 : length);
  }
  return clean;
}

std::string script_json(const Json& json) {
  const std::string text = json_text(json);
  std::string safe;
  safe.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = std::max<std::size_t>(1, character_length(rest));
    const std::string_view character = rest.substr(0, length);
    const char32_t code = code_point(character);
    if (character == "<" || character == ">" || character == "&" ||
        (length > 1 && (is_control(code) || is_invisible(code)))) {
      safe += json_escape(code);
    } else {
      safe += character;
    }
    rest.remove_prefix(length);
  }
  return safe;
}

void Html::start(std::string_view tag, Attributes attributes, std::string_view end) {
  out_ += '<';
  out_ += tag;
  for (const auto& [name, value] : attributes) {
    if (value.empty()) continue;
    out_ += ' ';
    out_ += name;
    out_ += "=\"";
    // Only path data is longer than a name, and the program writes it.
    out_ += name == "d" ? std::string(value) : html_escape(clean_text(value, 2000));
    out_ += '"';
  }
  out_ += end;
}

void Html::close(std::string_view tag) {
  out_ += "</";
  out_ += tag;
  out_ += '>';
}

Html::Element Html::element(std::string_view tag, Attributes attributes) {
  start(tag, attributes, ">");
  return Element(*this, tag);
}

void Html::leaf(std::string_view tag, std::string_view text_value, Attributes attributes) {
  start(tag, attributes, ">");
  text(text_value);
  close(tag);
}

void Html::single(std::string_view tag, Attributes attributes) { start(tag, attributes, "/>"); }

void Html::text(std::string_view untrusted) { out_ += html_escape(clean_text(untrusted, 4000)); }

}  // namespace emdyn::report
