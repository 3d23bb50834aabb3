#include "emdyn/report/html/html.hpp"

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

/// Control characters, and those that reverse or hide the text around them.
bool is_disruptive(std::string_view character) noexcept {
  if (character.size() == 1) {
    const auto byte = static_cast<unsigned char>(character.front());
    return byte < 0x20 || byte == 0x7F;
  }
  if (character.size() == 2) {
    return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  }
  if (character.size() != 3) return false;
  const std::string_view head = character.substr(0, 2);
  const auto last = static_cast<unsigned char>(character[2]);
  if (head == "\xE2\x80") return last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE);
  if (head == "\xE2\x81") return last >= 0xA0 && last <= 0xAF;
  return character == "\xEF\xBB\xBF";
}

}  // namespace

std::string clean_text(std::string_view untrusted, std::size_t limit) {
  std::string clean;
  std::size_t kept = 0;
  while (!untrusted.empty()) {
    if (kept == limit) return clean + "…";
    const std::size_t length = character_length(untrusted);
    const std::string_view character = untrusted.substr(0, length);
    if (length == 0) {
      clean += kReplacement;
    } else if (is_disruptive(character)) {
      clean += ' ';
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
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      case '\xE2':
        if (text.compare(i, 3, "\xE2\x80\xA8") == 0 || text.compare(i, 3, "\xE2\x80\xA9") == 0) {
          safe += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
          i += 2;
          break;
        }
        [[fallthrough]];
      default:
        safe += text[i];
    }
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
