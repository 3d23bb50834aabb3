#include "emdyn/collect/ingest/contract/json_flat.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "emdyn/collect/ingest/contract/quantity.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr int kDeepest = 64;

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t most, std::vector<FlatEntry>& entries)
      : text_(text), most_(most), entries_(entries) {}

  std::string_view run() {
    space();
    if (!starts('{')) return "not a JSON object";
    object(0);
    space();
    if (error_.empty() && !text_.empty()) error_ = "text behind the JSON object";
    entries_.resize(used_);
    return error_;
  }

 private:
  bool fail(std::string_view error) {
    if (error_.empty()) error_ = error;
    return false;
  }
  void space() noexcept {
    while (!text_.empty() &&
           (text_[0] == ' ' || text_[0] == '\t' || text_[0] == '\r' || text_[0] == '\n')) {
      text_.remove_prefix(1);
    }
  }
  bool starts(char c) noexcept { return !text_.empty() && text_[0] == c; }
  bool take(char c) noexcept {
    if (!starts(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) noexcept {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  FlatEntry* entry(FlatEntry::Kind kind) {
    if (used_ >= most_) {
      fail("too many values in one object");
      return nullptr;
    }
    if (used_ == entries_.size()) entries_.emplace_back();
    FlatEntry& entry = entries_[used_++];
    entry.key = path_;
    entry.kind = kind;
    entry.number = 0.0;
    entry.inexact = false;
    entry.text.clear();
    return &entry;
  }
  bool number_entry(double number) {
    FlatEntry* made = entry(FlatEntry::Kind::number);
    if (made == nullptr) return false;
    made->number = number;
    made->inexact = inexact_;
    return made != nullptr;
  }

  bool object(int depth) {
    take('{');
    space();
    if (take('}')) return true;
    const std::size_t length = path_.size();
    for (;;) {
      space();
      if (depth > 0) path_ += '/';
      if (!string(path_)) return fail("a key in quotes is expected");
      space();
      if (!take(':')) return fail("\":\" is expected behind a key");
      if (!value(depth)) return false;
      path_.resize(length);
      space();
      if (take('}')) return true;
      if (!take(',')) return fail("\",\" or \"}\" is expected");
    }
  }

  bool value(int depth) {
    space();
    if (text_.empty()) return fail("the line ends within the object");
    const char c = text_[0];
    if (c == '{') return depth + 1 < kDeepest ? object(depth + 1) : fail("nested too deeply");
    if (c == '[' || c == '(') return array(depth + 1) && entry(FlatEntry::Kind::other) != nullptr;
    if (c == '"' || c == '\'') return text_value();
    if (take("true") || take("false") || take("True") || take("False")) {
      FlatEntry* made = entry(FlatEntry::Kind::boolean);
      if (made != nullptr) made->number = c == 't' || c == 'T' ? 1.0 : 0.0;
      return made != nullptr;
    }
    if (take("null") || take("None")) return entry(FlatEntry::Kind::null) != nullptr;
    double number = 0.0;
    if (wrapped_number(number)) return number_entry(number);
    return scan_number(number) && number_entry(number);
  }

  /// tensor(0.5, device='cuda:0') and np.float64(0.5): the number in it.
  bool wrapped_number(double& number) {
    std::size_t length = 0;
    const auto is_name = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '.';
    };
    if (text_[0] < 'A') return false;
    while (length < text_.size() && is_name(text_[length])) ++length;
    if (length == text_.size() || text_[length] != '(') return false;
    const auto end = text_.find(')', length);
    if (end == std::string_view::npos) return false;
    const std::string_view whole = text_;
    text_ = text_.substr(length + 1);
    std::string_view behind = whole.substr(end + 1);
    if (scan_number(number) && (starts(',') || starts(')'))) {
      text_ = behind;
      return true;
    }
    error_ = {};
    text_ = whole;
    return false;
  }

  bool text_value() {
    FlatEntry* made = entry(FlatEntry::Kind::text);
    if (made == nullptr || !string(made->text)) return fail("a text does not end or is malformed");
    const std::string& text = made->text;
    if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
      made->kind = FlatEntry::Kind::number;
      made->number = text == "NaN" ? std::numeric_limits<double>::quiet_NaN()
                                   : (text[0] == '-' ? -HUGE_VAL : HUGE_VAL);
    }
    return true;
  }

  bool scan_number(double& number) {
    inexact_ = false;
    if (take("NaN") || take("-NaN") || take("nan")) {
      number = std::numeric_limits<double>::quiet_NaN();
      return true;
    }
    if (take("Infinity") || take("inf")) {
      number = HUGE_VAL;
      return true;
    }
    if (take("-Infinity") || take("-inf")) {
      number = -HUGE_VAL;
      return true;
    }
    std::size_t length = 0;
    while (length < text_.size() &&
           std::string_view("+-.eE0123456789").find(text_[length]) != std::string_view::npos) {
      ++length;
    }
    const auto parsed = parse_double(text_.substr(0, length));
    inexact_ = length > 15 && !is_exact(text_.substr(0, length));
    if (length == 0 || text_[0] == '+' || !parsed) return fail("a value is expected");
    number = *parsed;
    text_.remove_prefix(length);
    return true;
  }

  /// Checks and passes over an array; what it holds is not read.
  bool array(int depth) {
    if (depth >= kDeepest) return fail("nested too deeply");
    const char end = starts('(') ? ')' : ']';
    text_.remove_prefix(1);
    space();
    if (take(end)) return true;
    for (;;) {
      if (!skip(depth)) return false;
      space();
      if (take(end)) return true;
      if (!take(',')) return fail("\",\" or \"]\" is expected");
      space();
      if (end == ')' && take(end)) return true;  // (1,)
    }
  }

  bool skip(int depth) {
    space();
    if (starts('[') || starts('(')) return array(depth + 1);
    if (starts('{')) {
      // Its leaves are dropped again.
      const std::size_t used = used_;
      const bool good = depth + 1 < kDeepest ? object(depth + 1) : fail("nested too deeply");
      used_ = used;
      return good;
    }
    if (starts('"') || starts('\'')) {
      scratch_.clear();
      return string(scratch_) || fail("a text does not end or is malformed");
    }
    double number = 0.0;
    return take("true") || take("false") || take("null") || take("True") || take("False") ||
           take("None") || scan_number(number);
  }

  /// Appends the quoted text to `out`.
  bool string(std::string& out) {
    const bool single = starts('\'');
    if (!take('"') && !take('\'')) return false;
    for (;;) {
      const auto end = text_.find_first_of(single ? "'\\" : "\"\\");
      if (end == std::string_view::npos) return false;
      out.append(text_.substr(0, end));
      const char c = text_[end];
      text_.remove_prefix(end + 1);
      if (c != '\\') return true;
      if (!escape(out)) return false;
    }
  }

  bool escape(std::string& out) {
    if (text_.empty()) return false;
    const char c = text_[0];
    text_.remove_prefix(1);
    constexpr std::string_view kLetters = "\"\\/bfnrt'";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t'";
    if (const auto at = kLetters.find(c); at != std::string_view::npos) {
      out.push_back(kMeanings[at]);
      return true;
    }
    unsigned code = 0;
    if (c != 'u' || !hex(code)) return false;
    if (code >= 0xD800 && code < 0xDC00 && text_.starts_with("\\u")) {
      const std::string_view rest = text_;
      text_.remove_prefix(2);
      unsigned low = 0;
      if (hex(low) && low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        text_ = rest;
      }
    }
    append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);  // A lone surrogate.
    return true;
  }

  bool hex(unsigned& code) noexcept {
    if (text_.size() < 4) return false;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + 4, code, 16);
    if (error != std::errc{} || end != text_.data() + 4) return false;
    text_.remove_prefix(4);
    return true;
  }

  std::string_view text_;
  std::size_t most_;
  std::vector<FlatEntry>& entries_;
  std::size_t used_ = 0;
  std::string path_;
  std::string scratch_;
  std::string_view error_;
  bool inexact_ = false;
};

}  // namespace

std::string_view flatten_json(std::string_view line, std::size_t most,
                              std::vector<FlatEntry>& entries) {
  return Scanner(line, most, entries).run();
}

}  // namespace emdyn::collect::ingest
