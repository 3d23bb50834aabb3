#include "emdyn/collect/ingest/json/jsonl.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

using Kind = FlatEntry::Kind;

constexpr std::string_view kHeaderKey = "_emdyn";

}  // namespace

JsonlParser::JsonlParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info)
    : feed_(feed),
      origin_(std::move(origin)),
      options_(options),
      splitter_(false, options.limits.line_bytes, origin_.path),
      rows_(feed, origin_, options, info) {}

void JsonlParser::feed(std::string_view bytes) {
  feed_.read(bytes.size());
  splitter_.append(bytes);
  RecordSplitter::Record record;
  while (splitter_.next(record)) object(record.text, record.line);
}

void JsonlParser::finish() {
  RecordSplitter::Record record;
  if (splitter_.last(record) && !read(record.text, record.line).empty()) {
    feed_.torn();
    feed_.warn(fmt::format("{}:{}: the last line is half written and left out", origin_.path,
                           record.line));
  }
  pause();
}

void JsonlParser::pause() { rows_.finish(); }

void JsonlParser::restart() { splitter_.restart(); }

void JsonlParser::bad(std::uint64_t line, std::string_view text) {
  feed_.bad_row(
      options_.skip_bad_rows,
      fmt::format("{}:{}: {}; mend the line or give --skip-bad-rows", origin_.path, line, text));
}

const FlatEntry* JsonlParser::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find(entries_, key, &FlatEntry::key);
  return found == entries_.end() ? nullptr : &*found;
}

std::string_view JsonlParser::read(std::string_view text, std::uint64_t line) {
  text = trim(text);
  if (text.empty()) return "";
  if (!is_utf8(text)) return "not UTF-8 text";
  const std::string_view error = flatten_json(text, feed_.limits().columns, entries_);
  if (!error.empty()) return error;
  if (!header_line()) rows_.row(entries_, line);
  return "";
}

void JsonlParser::object(std::string_view text, std::uint64_t line) {
  const std::string_view error = read(text, line);
  if (!error.empty()) bad(line, error);
}

bool JsonlParser::header_line() {
  if (find(kHeaderKey) == nullptr) return false;
  constexpr std::string_view kPrefix = "config/";
  Json configuration = Json::object();
  for (const FlatEntry& entry : entries_) {
    if (!entry.key.starts_with(kPrefix)) continue;
    const std::string key = entry.key.substr(kPrefix.size());
    if (entry.kind == Kind::number) configuration[key] = entry.number;
    if (entry.kind == Kind::boolean) configuration[key] = entry.number != 0.0;
    if (entry.kind == Kind::text) configuration[key] = entry.text;
  }
  const FlatEntry* run = find("run");
  rows_.begin_own_format(run != nullptr && run->kind == Kind::text ? run->text : "", configuration);
  return true;
}

}  // namespace emdyn::collect::ingest
