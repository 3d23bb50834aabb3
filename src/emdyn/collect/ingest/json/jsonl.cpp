#include "emdyn/collect/ingest/json/jsonl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

using Kind = FlatEntry::Kind;

constexpr std::string_view kHeaderKey = "_emdyn";
constexpr std::array<std::string_view, 5> kRunKeys{"_run", "run", "run_id", "run_name",
                                                   "experiment"};

Json json_of(const FlatEntry& entry) {
  if (entry.kind == Kind::number) return Json(entry.number);
  if (entry.kind == Kind::boolean) return Json(entry.number != 0.0);
  return Json(entry.text);
}

}  // namespace

JsonlParser::JsonlParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info)
    : feed_(feed),
      origin_(std::move(origin)),
      options_(options),
      info_(info),
      splitter_(false, options.limits.line_bytes, origin_.path) {
  if (!options_.step_column.empty()) position_key_ = options_.step_column;
}

void JsonlParser::feed(std::string_view bytes) {
  feed_.read(bytes.size());
  splitter_.append(bytes);
  RecordSplitter::Record record;
  while (splitter_.next(record)) object(record.text, record.line);
}

void JsonlParser::finish() {
  RecordSplitter::Record record;
  if (splitter_.last(record)) object(record.text, record.line);
  if (held_) flush_first(false);
}

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

void JsonlParser::object(std::string_view text, std::uint64_t line) {
  text = trim(text);
  if (text.empty()) return;
  if (!is_utf8(text)) return bad(line, "not UTF-8 text");
  const std::string_view error = flatten_json(text, feed_.limits().columns, entries_);
  if (!error.empty()) return bad(line, error);
  if (header_line()) return;
  if (!decided_) {
    const bool has_position = choose_position();
    if (!has_position && !held_) {
      held_ = text;
      held_line_ = line;
      return;
    }
    decided_ = true;
    if (!has_position) {
      feed_.warn(
          fmt::format("{}: no step key is recognised, positions are row numbers; name it with "
                      "--step-column",
                      origin_.path));
    }
    const std::string now(text);  // The held line goes first and overwrites the entries.
    if (held_) flush_first(has_position);
    flatten_json(now, feed_.limits().columns, entries_);
  }
  points(line);
}

void JsonlParser::flush_first(bool as_configuration) {
  decided_ = true;
  const std::string first = *std::exchange(held_, std::nullopt);
  flatten_json(first, feed_.limits().columns, entries_);
  if (!as_configuration) return points(held_line_);
  const Json configuration = configuration_of(entries_);
  const RunIndex run = feed_.run(origin_.run, configuration);
  feed_.configuration(run, configuration);
}

Json JsonlParser::configuration_of(const Entries& entries) const {
  Json configuration = Json::object();
  for (const FlatEntry& entry : entries) {
    if (entry.kind == Kind::null || entry.kind == Kind::other) continue;
    configuration[entry.key] = json_of(entry);
  }
  return configuration;
}

bool JsonlParser::header_line() {
  if (find(kHeaderKey) == nullptr) return false;
  own_format_ = true;
  if (options_.step_column.empty()) {
    decided_ = true;
    position_key_ = "_step";
    info_.position_column = position_key_;
    axis_ = options_.axis.value_or(series::Axis::step);
  }
  const FlatEntry* run = find("run");
  if (run != nullptr && run->kind == Kind::text && !run->text.empty() &&
      options_.run_name.empty()) {
    origin_.run = run->text;
  }
  constexpr std::string_view kPrefix = "config/";
  Json configuration = Json::object();
  for (const FlatEntry& entry : entries_) {
    if (!entry.key.starts_with(kPrefix) || entry.kind == Kind::other || entry.kind == Kind::null) {
      continue;
    }
    configuration[entry.key.substr(kPrefix.size())] = json_of(entry);
  }
  const RunIndex index = feed_.run(origin_.run, configuration);
  feed_.configuration(index, configuration);
  if (held_) flush_first(true);
  return true;
}

bool JsonlParser::choose_position() {
  const FlatEntry* chosen = nullptr;
  std::size_t chosen_rank = 0;
  for (const FlatEntry& entry : entries_) {
    if (entry.kind != Kind::number) continue;
    if (!options_.step_column.empty()) {
      if (entry.key == options_.step_column) chosen = &entry;
      continue;
    }
    const auto rank = position_rank(entry.key);
    if (rank && (chosen == nullptr || *rank < chosen_rank)) {
      chosen = &entry;
      chosen_rank = *rank;
    }
  }
  if (chosen != nullptr) position_key_ = chosen->key;
  axis_ = options_.axis.value_or(position_key_.empty() ? series::Axis::step
                                                       : axis_of_column(position_key_));
  info_.position_column = position_key_;
  return chosen != nullptr;
}

bool JsonlParser::find_position(std::uint64_t line, RunIndex run, double& position) {
  if (position_key_.empty()) {
    if (rows_of_run_.size() <= run) rows_of_run_.resize(run + std::size_t{1});
    position = static_cast<double>(rows_of_run_[run]++);
    return true;
  }
  const FlatEntry* entry = find(position_key_);
  if (entry == nullptr || entry->kind == Kind::null) {
    // Such as an evaluation logged at the end of an epoch: it belongs to the latest step.
    const auto last = feed_.last_position(run);
    if (!last) {
      bad(line, fmt::format("no \"{}\"", terminal_safe(position_key_)));
      return false;
    }
    if (!std::exchange(warned_carried_, true)) {
      feed_.warn(fmt::format("{}:{}: lines without \"{}\" belong to the step before them",
                             origin_.path, line, terminal_safe(position_key_)));
    }
    position = *last;
    return true;
  }
  if (entry->kind != Kind::number || !std::isfinite(entry->number)) {
    bad(line,
        fmt::format("\"{}\", the position, is no finite number", terminal_safe(position_key_)));
    return false;
  }
  position = entry->number;
  return true;
}

bool JsonlParser::is_time(const FlatEntry& entry) const {
  return own_format_ ? entry.key == "_time" : time_rank(entry.key).has_value();
}

bool JsonlParser::names_run(const std::string& key) const {
  if (!options_.run_columns.empty()) {
    return std::ranges::find(options_.run_columns, key) != options_.run_columns.end();
  }
  return !own_format_ && std::ranges::find(kRunKeys, key) != kRunKeys.end();
}

RunIndex JsonlParser::run_of_line() {
  std::string name;
  for (const FlatEntry& entry : entries_) {
    if (!names_run(entry.key)) continue;
    const bool number = entry.kind == Kind::number && !options_.run_columns.empty();
    if (entry.kind != Kind::text && !number) continue;
    if (!name.empty()) name += '/';
    name += number ? fmt::format("{}={}", entry.key, entry.number) : entry.text;
    if (options_.run_columns.empty()) break;
  }
  return feed_.run(name.empty() ? origin_.run : name);
}

double JsonlParser::seconds_of_line() const {
  const FlatEntry* chosen = nullptr;
  for (const FlatEntry& entry : entries_) {
    if (entry.key == position_key_ || !is_time(entry)) continue;
    if (chosen == nullptr || *time_rank(entry.key) < *time_rank(chosen->key)) chosen = &entry;
  }
  if (chosen == nullptr) return kNoTime;
  if (chosen->kind == Kind::number) return epoch_seconds(chosen->number);
  return chosen->kind == Kind::text ? parse_time(chosen->text).value_or(kNoTime) : kNoTime;
}

void JsonlParser::points(std::uint64_t line) {
  const RunIndex run = run_of_line();
  double position = 0.0;
  if (!find_position(line, run, position)) return;
  const double seconds = seconds_of_line();
  if (!emit_named(run, position, seconds)) emit(run, position, seconds);
}

bool JsonlParser::emit_named(RunIndex run, double position, double seconds) {
  const FlatEntry* value = own_format_ ? nullptr : find("value");
  if (value == nullptr || value->kind != Kind::number) return false;
  for (const std::string_view key : {"metric", "tag", "signal", "key", "name"}) {
    const FlatEntry* name = find(key);
    if (name == nullptr || name->kind != Kind::text) continue;
    feed_.point(feed_.signal(run, name->text, axis_), position, value->number, seconds);
    return true;
  }
  return false;
}

void JsonlParser::emit(RunIndex run, double position, double seconds) {
  for (const FlatEntry& entry : entries_) {
    if (entry.key == position_key_ || names_run(entry.key) || is_time(entry)) continue;
    if (entry.kind == Kind::number) {
      feed_.point(feed_.signal(run, entry.key, axis_), position, entry.number, seconds);
    } else if (entry.kind == Kind::null) {
      feed_.missing();
    } else {
      feed_.ignored();
    }
  }
  feed_.row(run, position);
}

}  // namespace emdyn::collect::ingest
