#include "emdyn/collect/ingest/json/json_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view without_blanks(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

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

/// Takes the value at the front of `rest` off; empty when there is none.
std::string_view take_value(std::string_view& rest) noexcept {
  rest = without_blanks(rest);
  const std::string_view value = rest.substr(0, value_length(rest));
  rest.remove_prefix(value.size());
  rest = without_blanks(rest);
  return value;
}

/// The text of a member of the object that `document` is.
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

}  // namespace

JsonDocumentParser::JsonDocumentParser(Feed& feed, Origin origin, const ReadOptions& options,
                                       SourceInfo& info)
    : feed_(feed), origin_(origin), options_(options), lines_(feed, origin, options, info) {}

void JsonDocumentParser::feed(std::string_view bytes) {
  feed_.read(bytes.size());
  if (document_.size() + bytes.size() > options_.limits.document_bytes) {
    throw DataError(fmt::format("{}: a JSON document of more than {} bytes; write JSON lines",
                                origin_.path, options_.limits.document_bytes));
  }
  document_.append(bytes);
}

void JsonDocumentParser::restart() { document_.clear(); }

void JsonDocumentParser::unknown() const {
  throw DataError(
      fmt::format("{}: a JSON document without a log in it (an array of objects, "
                  "\"log_history\" or \"series\" is read); is it whole?",
                  origin_.path));
}

void JsonDocumentParser::finish() {
  std::string_view document = document_;
  if (document.starts_with("\xEF\xBB\xBF")) document.remove_prefix(3);
  document = without_blanks(document);
  if (document.starts_with('[')) {
    objects(document);
  } else if (document.starts_with('{')) {
    const auto history = member(document, "log_history");
    if (history && history->starts_with('[')) {
      objects(*history);
    } else if (member(document, "series")) {
      series(document);
    } else {
      unknown();
    }
  } else {
    unknown();
  }
  lines_.finish();
  consumed_ += document_.size();
  document_.clear();
}

void JsonDocumentParser::objects(std::string_view array) {
  const std::string_view before_it(document_.data(),
                                   static_cast<std::size_t>(array.data() - document_.data()));
  auto line = 1 + static_cast<std::uint64_t>(std::ranges::count(before_it, '\n'));
  std::string_view counted = array;  // From here on newlines are not in `line` yet.
  std::string_view rest = array.substr(1);
  for (;;) {
    rest = without_blanks(rest);
    const std::string_view passed = counted.substr(0, counted.size() - rest.size());
    line += static_cast<std::uint64_t>(std::ranges::count(passed, '\n'));
    counted = rest;
    const std::string_view value = take_value(rest);
    if (value.empty()) {
      if (rest.starts_with(']')) return;
      throw DataError(
          fmt::format("{}:{}: the JSON document ends early or is malformed", origin_.path, line));
    }
    lines_.object(value, line);
    if (rest.starts_with(',')) rest.remove_prefix(1);
  }
}

void JsonDocumentParser::series(std::string_view document) {
  const Json json = parse_json(document, origin_.path);
  std::vector<double> positions;
  if (json.contains("time") && json["time"].is_object() && json["time"].contains("index") &&
      json["time"]["index"].is_array()) {
    for (const Json& index : json["time"]["index"]) {
      if (!index.is_number()) unknown();
      positions.push_back(index.get<double>());
    }
  }
  if (!json["series"].is_array()) unknown();
  const auto axis = options_.axis.value_or(emdyn::series::Axis::step);
  for (const Json& one : json["series"]) {
    if (!one.is_object() || !one.contains("raw") || !one["raw"].is_array()) unknown();
    std::string label = text_or_empty(one, "label");
    if (label.empty()) label = origin_.run;
    const SignalIndex signal = feed_.signal(feed_.run(origin_.run), label, axis);
    for (std::size_t i = 0; i < one["raw"].size(); ++i) {
      const Json& value = one["raw"][i];
      const double position = i < positions.size() ? positions[i] : static_cast<double>(i);
      if (value.is_null()) {
        feed_.missing();
      } else if (value.is_number() && std::isfinite(position)) {
        feed_.point(signal, position, value.get<double>());
      } else {
        unknown();
      }
    }
  }
}

}  // namespace emdyn::collect::ingest
