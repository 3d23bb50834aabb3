#include "emdyn/collect/ingest/live_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"
#include "emdyn/collect/ingest/text/log_line.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kShownBytes = 60;
constexpr std::size_t kLongestName = 4096;
constexpr std::string_view kOnlyValue = "value";
constexpr double kRevisedRows = 100.0;  // A better name for the position may come until then.
constexpr double kOldestClock = 1e8;    // Less is a duration, no time since 1970.

std::string shown(std::string_view text) {
  return terminal_safe(text.substr(0, kShownBytes)) + (text.size() > kShownBytes ? "…" : "");
}

bool is_number(std::string_view cell) noexcept { return read_cell(cell).kind == CellKind::number; }
bool is_name(std::string_view cell) noexcept {
  return read_cell(cell).kind == CellKind::text && !parse_time(trim(cell));
}
bool is_date(std::string_view cell) noexcept {
  return read_cell(cell).kind == CellKind::text && parse_time(trim(cell)).has_value();
}

}  // namespace

LiveLines::Kind LiveLines::read(std::string_view line) {
  values_.clear();
  line = trim(line);
  if (line.empty()) return Kind::nothing;
  if (!is_utf8(line) || line.find('\0') != std::string_view::npos) {
    return malformed("not UTF-8 text; numbers, CSV rows or JSON objects are read");
  }
  return line.front() == '{' ? json_line(line) : text_line(line);
}

LiveLines::Kind LiveLines::malformed(std::string text) {
  values_.clear();
  fault_ = std::move(text);
  return Kind::malformed;
}

void LiveLines::add(std::string_view name, double value) {
  auto found = index_.find(std::string(name));
  if (found == index_.end()) {
    if (names_.size() >= options_.signals || name.size() > kLongestName) {
      dropped_ = true;
      return;
    }
    found = index_.emplace(std::string(name), names_.size()).first;
    names_.emplace_back(name);
  }
  values_.push_back({found->second, value});
}

// Tables.

LiveLines::Kind LiveLines::text_line(std::string_view line) {
  if (line.find_first_of(":=") != std::string_view::npos) {
    const Kind said = log_line(line);
    if (said != Kind::nothing) return said;
  }
  const bool first = !have_columns_;
  if (first && line.starts_with("# ")) return Kind::nothing;  // A comment before the header.
  if (first) delimiter_ = guess_delimiter(line);
  if (!split_cells(line, delimiter_, cells_, scratch_)) {
    return malformed("text behind the closing quote of a cell");
  }
  if (cells_.size() > options_.columns) {
    return malformed(
        fmt::format("{} cells, more than the limit of {}", cells_.size(), options_.columns));
  }
  if (!first) {
    if (cells_.size() == columns_.size() || !header_tried_) return table_row();
    // What stood first was no header, only text, when this line is a row of its own.
    split_cells(line, guess_delimiter(line), cells_, scratch_);
    if (std::ranges::none_of(cells_, is_number)) return malformed("neither a row nor a header");
    have_columns_ = header_tried_ = false;
    return text_line(line);
  }
  begin_table();
  return header_tried_ ? Kind::nothing : table_row();
}

bool LiveLines::is_header() const {
  return !options_.header_absent && std::ranges::any_of(cells_, is_name) &&
         std::ranges::none_of(cells_, is_number) && std::ranges::none_of(cells_, is_date);
}

/// The first row: a header, or data whose columns get names.
void LiveLines::begin_table() {
  columns_.clear();
  choice_ = {};
  header_tried_ = is_header();
  if (header_tried_) {
    for (const std::string_view cell : cells_) columns_.emplace_back(trim(cell));
    number_equal_names(columns_);
    ReadOptions options;
    const bool named = std::ranges::find(columns_, options_.step_column) != columns_.end();
    if (named) options.step_column = options_.step_column;
    choice_ = choose_columns(columns_, options, "-");
    axis_ = choice_.axis;
    have_columns_ = true;
    return;
  }
  if (std::ranges::none_of(cells_, is_number)) return;  // Neither: table_row() says so.
  have_columns_ = true;
  if (cells_.size() == 1) {
    columns_.emplace_back(kOnlyValue);
    return;
  }
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    columns_.push_back(fmt::format("column{}", i + 1));
  }
  const bool date = is_date(cells_.front());
  if (date || (cells_.size() == 2 && !options_.all_channels && !options_.header_absent)) {
    choice_.position = 0;
    if (date) axis_ = series::Axis::seconds;
    if (cells_.size() == 2) columns_.back() = kOnlyValue;
  }
}

LiveLines::Kind LiveLines::table_row() {
  if (cells_.size() == columns_.size() + 1 && trim(cells_.back()).empty()) cells_.pop_back();
  if (!have_columns_) return malformed(fmt::format("no number in \"{}\"", shown(cells_.front())));
  if (cells_.size() != columns_.size()) {
    return malformed(fmt::format("{} cells where {} are needed", cells_.size(), columns_.size()));
  }
  if (!table_position()) return Kind::malformed;
  const std::string prefix = run_prefix();
  std::string name;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const bool duration =
        i == choice_.time && is_number(cells_[i]) && read_cell(cells_[i]).number < kOldestClock;
    const bool special = i == choice_.position || (i == choice_.time && !duration) ||
                         std::ranges::find(choice_.run_columns, i) != choice_.run_columns.end();
    if (special || (choice_.is_long() && i != choice_.value)) continue;
    const Cell cell = read_cell(cells_[i]);
    if (cell.kind == CellKind::missing) continue;
    if (cell.kind == CellKind::text) {
      // A column of text beside columns of numbers is passed over; a lone word is no number.
      if (index_.contains(prefix + columns_[i]) ||
          columns_.size() - (choice_.position ? 1U : 0U) < 2) {
        return malformed(fmt::format("\"{}\" is no number", shown(cells_[i])));
      }
      continue;
    }
    name = prefix;
    if (choice_.is_long()) {
      for (const std::size_t column : choice_.name_columns) {
        name += (name.size() > prefix.size() ? "/" : "") + std::string(trim(cells_[column]));
      }
    } else {
      name += columns_[i];
    }
    add(name, cell.number);
  }
  header_tried_ = false;
  rows_ += 1.0;
  return Kind::row;
}

/// Sets position_; false (and the fault) where the row's position cannot be read.
bool LiveLines::table_position() {
  if (!choice_.position) {
    position_ = rows_;
    return true;
  }
  const std::string_view text = trim(cells_[*choice_.position]);
  const Cell cell = read_cell(text);
  std::optional<double> position;
  if (cell.kind == CellKind::number) {
    const bool time = axis_ == series::Axis::seconds && time_rank(columns_[*choice_.position]);
    position =
        time ? epoch_seconds(cell.number, time_divisor(columns_[*choice_.position])) : cell.number;
  } else if (cell.kind == CellKind::text) {
    position = parse_time(text);
  }
  if (!position || !std::isfinite(*position)) {
    malformed(fmt::format("the position \"{}\" is no finite number and no date", shown(text)));
    return false;
  }
  position_ = *position;
  return true;
}

/// A run column makes signals of its own: "run/signal".
std::string LiveLines::run_prefix() const {
  std::string prefix;
  for (const std::size_t column : choice_.run_columns) {
    prefix += std::string(trim(cells_[column])) + "/";
  }
  return prefix;
}

/// A line that a training prints for people: "step 3: loss=0.5". Nothing when it is none.
LiveLines::Kind LiveLines::log_line(std::string_view line) {
  const LogLine said = read_log_line(line);
  if (!said.has_position() || !said.all_told()) return Kind::nothing;
  const std::size_t position = said.step ? *said.step : *said.epoch;
  for (std::size_t i = 0; i < said.pairs.size(); ++i) {
    if (i != said.step && i != said.epoch) add(said.pairs[i].key, said.pairs[i].value);
  }
  if (values_.empty()) return Kind::nothing;
  position_ = said.pairs[position].value;
  rows_ += 1.0;
  return Kind::row;
}

// JSON lines.

LiveLines::Kind LiveLines::json_line(std::string_view line) {
  const std::string_view error = flatten_json(line, options_.columns, entries_);
  if (!error.empty()) return malformed(std::string(error));
  if (std::ranges::find(entries_, "_emdyn", &FlatEntry::key) != entries_.end()) {
    return Kind::nothing;  // The header that emdyn_log.py writes.
  }
  const FlatEntry* position = position_entry();
  if (position != nullptr && !std::isfinite(position->number)) {
    return malformed(
        fmt::format("\"{}\", the position, is no finite number", terminal_safe(position->key)));
  }
  if (position != nullptr) {
    position_ = position->number;
    positioned_ = true;
  } else if (!positioned_) {
    position_ = rows_;
  }
  rows_ += 1.0;
  if (named_value()) return Kind::row;
  for (const FlatEntry& entry : entries_) {
    const bool clock = time_rank(entry.key) && entry.number >= kOldestClock;
    if (entry.kind == FlatEntry::Kind::number && &entry != position && !clock) {
      add(entry.key, entry.number);
    }
  }
  return Kind::row;
}

/// The best name so far decides: early lines may hold no more than a configuration.
const FlatEntry* LiveLines::position_entry() {
  const auto number = [](const FlatEntry& entry) { return entry.kind == FlatEntry::Kind::number; };
  if (!options_.step_column.empty()) {
    position_key_ = options_.step_column;
  } else if (rows_ < kRevisedRows || position_key_.empty()) {
    for (const FlatEntry& entry : entries_) {
      const auto cost = number(entry) ? position_rank(entry.key) : std::nullopt;
      if (!cost || (!position_key_.empty() && *cost >= position_cost_)) continue;
      position_cost_ = *cost;
      position_key_ = entry.key;
    }
  }
  if (!position_key_.empty()) axis_ = axis_of_column(position_key_);
  const auto found = std::ranges::find(entries_, position_key_, &FlatEntry::key);
  return found != entries_.end() && number(*found) ? &*found : nullptr;
}

/// {"name": "loss", "value": 1} is one value of that name.
bool LiveLines::named_value() {
  const auto find = [this](std::string_view key, FlatEntry::Kind kind) -> const FlatEntry* {
    const auto found = std::ranges::find(entries_, key, &FlatEntry::key);
    return found != entries_.end() && found->kind == kind ? &*found : nullptr;
  };
  const FlatEntry* value = find("value", FlatEntry::Kind::number);
  if (value == nullptr) return false;
  constexpr std::array<std::string_view, 5> kNames{"metric", "tag", "signal", "key", "name"};
  for (const std::string_view key : kNames) {
    if (const FlatEntry* name = find(key, FlatEntry::Kind::text)) {
      add(name->text, value->number);
      return true;
    }
  }
  return false;
}

}  // namespace emdyn::collect::ingest
