#include "emdyn/collect/ingest/json/json_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "emdyn/collect/ingest/json/json_arrays.hpp"
#include "emdyn/collect/ingest/json/json_text.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::array<std::string_view, 3> kLogKeys{"log_history", "history", "logs"};

/// An array whose first element is an array.
bool is_nested_array(std::string_view array) noexcept {
  return without_blanks(array.substr(1)).starts_with('[');
}
/// An array of objects, or an empty one.
bool holds_objects(std::string_view array) noexcept {
  const std::string_view first = without_blanks(array.substr(1));
  return first.starts_with('{') || first.starts_with(']');
}

}  // namespace

JsonDocumentParser::JsonDocumentParser(Feed& feed, Origin origin, const ReadOptions& options,
                                       SourceInfo& info)
    : feed_(feed),
      origin_(origin),
      options_(options),
      info_(info),
      lines_(feed, origin, options, info) {}

void JsonDocumentParser::feed(std::string_view bytes) {
  feed_.read(bytes.size());
  if (document_.size() + bytes.size() > options_.limits.document_bytes) {
    throw DataError(fmt::format("{}: a JSON document of more than {} bytes; write JSON lines",
                                origin_.path, options_.limits.document_bytes));
  }
  document_.append(bytes);
}

void JsonDocumentParser::pause() {
  if (!document_.empty()) finish();
}

void JsonDocumentParser::restart() { document_.clear(); }

void JsonDocumentParser::unknown() const {
  throw DataError(
      fmt::format("{}: a JSON document without a log in it (an array of objects, an object of "
                  "arrays, \"log_history\" or \"series\" is read); is it whole?",
                  origin_.path));
}

void JsonDocumentParser::finish() {
  std::string_view document = document_;
  if (document.starts_with("\xEF\xBB\xBF")) document.remove_prefix(3);
  document = without_blanks(document);
  if (!is_utf8(document)) throw DataError(origin_.path + ": not UTF-8 text");
  if (document.starts_with('[')) {
    is_nested_array(document) ? tuples(document) : objects(document);
  } else if (document.starts_with('{')) {
    object(document);
  } else {
    unknown();
  }
  lines_.finish();
  consumed_ += document_.size();
  document_.clear();
}

void JsonDocumentParser::object(std::string_view document) {
  for (const std::string_view key : kLogKeys) {
    const auto log = member(document, key);
    if (log && log->starts_with('[') && holds_objects(*log)) return objects(*log);
  }
  const auto list = member(document, "series");
  if (list && list->starts_with('[') && holds_objects(*list)) return series(document);
  JsonArrays arrays;
  const std::string_view error = read_arrays(document, options_.limits.columns, arrays);
  if (!error.empty()) {
    throw DataError(
        fmt::format("{}: the JSON document ends early or is malformed: {}", origin_.path, error));
  }
  if (!emit_arrays(arrays, feed_, origin_, options_, info_)) unknown();
}

/// TensorBoard's page saves a scalar as [[wall time, step, value], …].
void JsonDocumentParser::tuples(std::string_view array) {
  JsonArray signal;
  if (!read_tuples(array, signal)) {
    throw DataError(
        fmt::format("{}: an array of arrays that are not [wall time, step, value] or "
                    "[step, value]",
                    origin_.path));
  }
  signal.name = origin_.run;
  JsonArrays arrays;
  arrays.signals.push_back(std::move(signal));
  if (!emit_arrays(arrays, feed_, origin_, options_, info_)) unknown();
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
