#include "emdyn/collect/ingest/contract/entry_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/contract/quantity.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

using EntryKind = FlatEntry::Kind;

constexpr std::size_t kMostHeldEntries = 50'000;  // Some 8 MB.
constexpr std::size_t kRowsWithoutCandidate = 2;
constexpr std::array<std::string_view, 5> kRunKeys{"_run", "run", "run_id", "run_name",
                                                   "experiment"};
constexpr std::array<std::string_view, 5> kNameKeys{"metric", "tag", "signal", "key", "name"};

Json json_of_entry(const FlatEntry& entry) {
  if (entry.kind == EntryKind::number) return Json(entry.number);
  if (entry.kind == EntryKind::boolean) return Json(entry.number != 0.0);
  return Json(entry.text);
}

/// Of equal keys the last counts, as in every reader of JSON.
const FlatEntry* entry_of(const std::vector<FlatEntry>& entries, std::string_view key) noexcept {
  const FlatEntry* found = nullptr;
  for (const FlatEntry& entry : entries) {
    if (entry.key == key) found = &entry;
  }
  return found;
}

/// {"name": "loss", "value": 1} is one value of that name.
const FlatEntry* name_entry(const std::vector<FlatEntry>& entries) noexcept {
  for (const std::string_view key : kNameKeys) {
    const FlatEntry* name = entry_of(entries, key);
    if (name != nullptr && name->kind == EntryKind::text) return name;
  }
  return nullptr;
}

}  // namespace

EntryRows::EntryRows(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info)
    : feed_(feed), origin_(std::move(origin)), options_(options), info_(info) {}

void EntryRows::bad(std::uint64_t line, std::string_view text) {
  feed_.bad_row(
      options_.skip_bad_rows,
      fmt::format("{}:{}: {}; mend the line or give --skip-bad-rows", origin_.path, line, text));
}

void EntryRows::row(const Entries& entries, std::uint64_t line) {
  ++info_.rows;
  if (decided_) return points(entries, line);
  observe(entries);
  held_.push_back({entries, line});
  held_entries_ += entries.size() + 1;
  if (enough()) decide();
}

void EntryRows::finish() {
  if (!held_.empty()) decide();
}

void EntryRows::begin_own_format(const std::string& run, const Json& configuration) {
  if (!decided_ && !held_.empty()) decide();
  own_format_ = true;
  if (options_.step_column.empty()) {
    position_key_ = "_step";
    time_key_ = "_time";
    clock_keys_ = {"_time"};
    epoch_key_.clear();
    split_key_.clear();
    note_times();
    info_.position_column = position_key_;
    info_.time_column = time_key_;
    axis_ = options_.axis.value_or(series::Axis::step);
    decided_ = true;
  }
  if (!run.empty() && options_.run_name.empty()) origin_.run = run;
  const RunIndex index = feed_.run(origin_.run, configuration);
  feed_.configuration(index, configuration);
}

// The choice.

void EntryRows::observe(const Entries& entries) {
  finder_.row(series_of(entries));
  for (const FlatEntry& entry : entries) {
    if (entry.kind != EntryKind::number && entry.kind != EntryKind::text) continue;
    auto known = candidates_.find(entry.key);
    if (known == candidates_.end()) {
      const bool asked = entry.key == options_.step_column;
      const auto made =
          names_run(entry.key) && !asked ? std::nullopt : finder_.add(entry.key, asked);
      known = candidates_.emplace(entry.key, made).first;
    }
    if (split_key_.empty() && entry.kind == EntryKind::text && is_split(entry.key) &&
        split_prefix(entry.text)) {
      split_key_ = entry.key;
    }
    if (!known->second) continue;
    if (entry.kind == EntryKind::number) {
      finder_.value(*known->second, entry.number);
    } else if (const auto time = time_rank(entry.key) ? parse_time(entry.text) : std::nullopt) {
      finder_.value(*known->second, *time, true);
    } else if (const Cell cell = read_cell(entry.text); cell.kind == CellKind::number) {
      finder_.value(*known->second, cell.number);
    } else if (const auto step = read_step(entry.text)) {
      finder_.value(*known->second, step->number);
    }
  }
}

std::size_t EntryRows::series_of(const Entries& entries) {
  std::string key = run_name(entries);
  if (entry_of(entries, "value") != nullptr) {
    if (const FlatEntry* name = name_entry(entries)) key += '\n' + name->text;
  }
  return series_.emplace(std::move(key), series_.size()).first->second;
}

bool EntryRows::enough() const {
  if (held_entries_ >= kMostHeldEntries) return true;
  if (!options_.step_column.empty()) {
    const auto asked = candidates_.find(options_.step_column);
    return asked != candidates_.end() && asked->second.has_value();
  }
  if (!options_.growing) return false;
  const bool none =
      std::ranges::none_of(candidates_, [](const auto& one) { return one.second.has_value(); });
  return finder_.sure() || held_.size() >= kGrowingRows ||
         (none && held_.size() >= kRowsWithoutCandidate);
}

void EntryRows::choose(std::optional<std::size_t> candidate) {
  position_key_ = candidate ? finder_.name(*candidate) : "";
  if (!options_.step_column.empty()) position_key_ = options_.step_column;
  for (const auto& [key, number] : candidates_) {
    if (number && key != position_key_ && time_rank(key) && finder_.is_clock(*number)) {
      clock_keys_.push_back(key);
    }
    if (key != position_key_ && !position_key_.empty() && is_epoch(key)) epoch_key_ = key;
  }
  if (const auto time = finder_.time(candidate)) time_key_ = finder_.name(*time);
  axis_ = options_.axis.value_or(position_key_.empty() ? series::Axis::step
                                                       : axis_of_column(position_key_));
  note_times();
  info_.position_column = position_key_;
  info_.time_column = time_key_;
}

void EntryRows::note_times() {
  position_is_time_ = time_rank(position_key_).has_value();
  position_divisor_ = position_is_time_ ? time_divisor(position_key_) : 0.0;
  time_divisor_ = time_divisor(time_key_);
}

void EntryRows::decide() {
  decided_ = true;
  choose(finder_.position());
  if (position_key_.empty()) {
    const auto still = finder_.constant();
    info_.position_note =
        still ? fmt::format("\"{}\" stands still", terminal_safe(finder_.name(*still)))
              : "no step key is recognised";
    feed_.warn(fmt::format("{}: {}, positions are row numbers; name it with --step-column",
                           origin_.path, info_.position_note));
  }
  const std::vector<Held> held = std::exchange(held_, {});
  // The first line of many is the run's configuration: so is a first line alone without a position
  // when rows are numbered and no later one has any of its keys.
  std::size_t begin = 0;
  if (position_key_.empty() && held.size() > 2) {
    const auto repeats = [&](const FlatEntry& entry) {
      return entry_of(held[1].entries, entry.key) != nullptr ||
             entry_of(held[2].entries, entry.key) != nullptr;
    };
    if (std::ranges::none_of(held[0].entries, repeats) && !held[0].entries.empty()) {
      configure(held[0].entries, feed_.run(run_name(held[0].entries)));
      begin = 1;
    }
  }
  for (std::size_t i = begin; i < held.size(); ++i) points(held[i].entries, held[i].line);
}

// The rows.

void EntryRows::configure(const Entries& entries, RunIndex run) {
  Json configuration = Json::object();
  for (const FlatEntry& entry : entries) {
    if (entry.kind == EntryKind::null || entry.kind == EntryKind::other) continue;
    configuration[entry.key] = json_of_entry(entry);
  }
  feed_.configuration(run, configuration);
}

bool EntryRows::read_position(const FlatEntry& entry, std::uint64_t line, StepText& step) {
  const bool time = position_is_time_;
  if (entry.kind == EntryKind::number) {
    step.number = time ? epoch_seconds(entry.number, position_divisor_) : entry.number;
    if (entry.inexact && !time && axis_ != series::Axis::flops) {
      bad(line, fmt::format("\"{}\", the position, is beyond 2^53 and no double holds it exactly; "
                            "count from a later step",
                            terminal_safe(position_key_)));
      return false;
    }
  } else if (const auto date = time ? parse_time(entry.text) : std::nullopt) {
    step.number = *date;
  } else if (const Cell cell = read_cell(entry.text); cell.kind == CellKind::number) {
    step.number = time ? epoch_seconds(cell.number, position_divisor_) : cell.number;
  } else if (const auto text = read_step(entry.text)) {
    step = *text;
  } else {
    step.number = kNoTime;
  }
  if (std::isfinite(step.number)) return true;
  bad(line, fmt::format("\"{}\", the position, is no finite number", terminal_safe(position_key_)));
  return false;
}

bool EntryRows::find_position(const Entries& entries, std::uint64_t line, RunIndex run,
                              double& position) {
  const auto last = feed_.last_position(run);
  const FlatEntry* entry = entry_of(entries, position_key_);
  if (entry == nullptr || entry->kind == EntryKind::null) {
    // Such as an evaluation logged at the end of an epoch: it belongs to the latest step.
    if (last) position = *last;
    if (last) {
      feed_.warn_of(origin_.path + " carried",
                    fmt::format("{}:{}: lines without \"{}\" belong to the step before them",
                                origin_.path, line, terminal_safe(position_key_)));
    }
    return last.has_value();
  }
  StepText step;
  if (!read_position(*entry, line, step)) return false;
  position = step.number;
  if (epoch_key_.empty()) return true;
  const FlatEntry* epoch = entry_of(entries, epoch_key_);
  if (epoch == nullptr || epoch->kind != EntryKind::number) return true;
  if (joins_.size() <= run) joins_.resize(run + std::size_t{1});
  // An evaluation counts its own batches: it belongs to the step before it.
  if (last && !prefix_of(entries).empty() && joins_[run].inside(position, epoch->number)) {
    position = *last;
    return true;
  }
  const bool joined_before = joins_[run].joined();
  position = joins_[run].join(position, epoch->number, step.total);
  if (joins_[run].joined() && !joined_before) {
    info_.position_note = fmt::format("joined over \"{}\"", terminal_safe(epoch_key_));
  }
  return true;
}

bool EntryRows::is_time(const std::string& key) const {
  return std::ranges::find(clock_keys_, key) != clock_keys_.end();
}

bool EntryRows::names_run(const std::string& key) const {
  if (!options_.run_columns.empty()) {
    return std::ranges::find(options_.run_columns, key) != options_.run_columns.end();
  }
  return !own_format_ && std::ranges::find(kRunKeys, key) != kRunKeys.end();
}

std::string EntryRows::run_name(const Entries& entries) const {
  std::string name;
  std::string_view chosen;
  for (const FlatEntry& entry : entries) {
    if (!names_run(entry.key)) continue;
    const bool number = entry.kind == EntryKind::number && !options_.run_columns.empty();
    if (entry.kind != EntryKind::text && !number) continue;
    if (options_.run_columns.empty()) {
      if (!chosen.empty() && entry.key != chosen) continue;
      chosen = entry.key;
      name = entry.text;  // Of equal keys the last counts.
      continue;
    }
    if (!name.empty()) name += '/';
    name += number ? fmt::format("{}={}", entry.key, entry.number) : entry.text;
  }
  return name.empty() ? origin_.run : name;
}

double EntryRows::seconds_of(const Entries& entries) const {
  if (time_key_.empty()) return kNoTime;
  const FlatEntry* entry = entry_of(entries, time_key_);
  if (entry == nullptr) return kNoTime;
  if (entry->kind == EntryKind::number) return epoch_seconds(entry->number, time_divisor_);
  return entry->kind == EntryKind::text ? parse_time(entry->text).value_or(kNoTime) : kNoTime;
}

std::string_view EntryRows::prefix_of(const Entries& entries) const {
  if (split_key_.empty()) return "";
  const FlatEntry* entry = entry_of(entries, split_key_);
  if (entry == nullptr || entry->kind != EntryKind::text) return "";
  return split_prefix(entry->text).value_or("");
}

void EntryRows::points(const Entries& entries, std::uint64_t line) {
  const RunIndex run = feed_.run(run_name(entries));
  double position = 0.0;
  if (position_key_.empty()) {
    if (rows_of_run_.size() <= run) rows_of_run_.resize(run + std::size_t{1});
    position = static_cast<double>(rows_of_run_[run]++);
  } else if (!find_position(entries, line, run, position)) {
    const FlatEntry* there = entry_of(entries, position_key_);
    if (there == nullptr || there->kind == EntryKind::null) configure(entries, run);
    return;
  }
  if (!position_key_.empty()) warn_of_twice(entries, position_key_);
  if (!time_key_.empty()) warn_of_twice(entries, time_key_);
  for (const std::string_view key : kRunKeys) warn_of_twice(entries, key);
  const double seconds = seconds_of(entries);
  if (!emit_named(entries, run, position, seconds)) emit(entries, run, position, seconds);
}

bool EntryRows::emit_named(const Entries& entries, RunIndex run, double position, double seconds) {
  const FlatEntry* value = own_format_ ? nullptr : entry_of(entries, "value");
  const FlatEntry* name = value == nullptr ? nullptr : name_entry(entries);
  if (name == nullptr) return false;
  const auto number = number_of(*value);
  if (!number) return false;
  feed_.point(feed_.signal(run, name->text, axis_), position, *number, seconds);
  return true;
}

std::optional<double> EntryRows::number_of(const FlatEntry& entry) {
  if (entry.kind == EntryKind::number) return entry.number;
  if (entry.kind != EntryKind::text || own_format_) return std::nullopt;
  std::optional<double> number;
  if (const Cell cell = read_cell(entry.text); cell.kind == CellKind::number) {
    number = cell.number;
  } else if (const auto quantity = read_quantity(entry.text)) {
    number = quantity->number;
  }
  if (number) {
    feed_.warn_of(origin_.path + " texts",
                  fmt::format("{}: \"{}\" is a number written as text (\"{}\"); it is read as one",
                              origin_.path, terminal_safe(entry.key), terminal_safe(entry.text)));
  }
  return number;
}

void EntryRows::warn_of_twice(const Entries& entries, std::string_view key) {
  const auto named = std::ranges::count(entries, key, &FlatEntry::key);
  if (named < 2) return;
  feed_.warn_of(origin_.path + " twice",
                fmt::format("{}: \"{}\" stands twice in one row; the last counts", origin_.path,
                            terminal_safe(key)));
}

void EntryRows::take(SignalIndex signal, const std::string& key, double value) {
  if (signal_row_.size() <= signal) signal_row_.resize(signal + std::size_t{1});
  if (std::exchange(signal_row_[signal], rows_) != rows_) {
    row_.emplace_back(signal, value);
    return;
  }
  const auto same = std::ranges::find(row_, signal, &std::pair<SignalIndex, double>::first);
  if (same != row_.end()) same->second = value;
  feed_.warn_of(origin_.path + " twice",
                fmt::format("{}: \"{}\" stands twice in one row; the last counts", origin_.path,
                            terminal_safe(key)));
}

void EntryRows::emit(const Entries& entries, RunIndex run, double position, double seconds) {
  ++rows_;
  row_.clear();
  const std::string_view prefix = prefix_of(entries);
  for (const FlatEntry& entry : entries) {
    if (entry.key == position_key_ || names_run(entry.key) || is_time(entry.key)) continue;
    if (const auto number = number_of(entry)) {
      if (prefix.empty()) {
        take(feed_.signal(run, entry.key, axis_), entry.key, *number);
      } else {
        name_.assign(prefix).append(entry.key);
        take(feed_.signal(run, name_, axis_), entry.key, *number);
      }
    } else if (entry.kind == EntryKind::null) {
      feed_.missing();
    } else {
      feed_.ignored();
    }
  }
  for (const auto& [signal, value] : row_) feed_.point(signal, position, value, seconds);
  feed_.row(run, position);
}

}  // namespace emdyn::collect::ingest
