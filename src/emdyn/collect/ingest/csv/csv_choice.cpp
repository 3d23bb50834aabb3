#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

// Small tables are judged whole, of large ones enough is seen.
constexpr std::size_t kHeldBytes = std::size_t{1} << 20;
constexpr std::size_t kMostHeldRows = 100'000;
constexpr std::size_t kMostNotedColumns = 20;

}  // namespace

void CsvParser::hold(const RecordSplitter::Record& record) {
  observe();
  held_.push_back({std::string(record.text), record.line});
  held_bytes_ += record.text.size();
  if (held_bytes_ >= kHeldBytes || held_.size() >= kMostHeldRows) return decide();
  if (!options_.growing) return;
  const bool none =
      std::ranges::none_of(candidates_, [](const auto& one) { return one.has_value(); });
  if (none || finder_.sure() || held_.size() >= kGrowingRows) decide();
}

void CsvParser::observe() {
  if (cells_.size() == columns_.size() + 1 && cells_.back().empty()) cells_.pop_back();
  if (cells_.size() != columns_.size() || std::ranges::equal(cells_, header_)) return;
  key_.clear();
  for (const auto* list : {&choice_.run_columns, &choice_.name_columns}) {
    for (const std::size_t column : *list) key_.append(cells_[column]).append(1, '\n');
  }
  finder_.row(series_.emplace(key_, series_.size()).first->second);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (!candidates_[i]) continue;
    const Cell cell = read_cell(cells_[i]);
    if (cell.kind == CellKind::number) {
      finder_.value(*candidates_[i], cell.number);
    } else if (cell.kind == CellKind::missing) {
      continue;
    } else if (const auto time = time_rank(columns_[i]) ? parse_time(cells_[i]) : std::nullopt) {
      finder_.value(*candidates_[i], *time, true);
    } else if (const auto step = read_step(cells_[i])) {
      finder_.value(*candidates_[i], step->number);
    }
  }
}

/// A column that says of every row whether it is of training or of evaluation.
void CsvParser::find_split() {
  for (std::size_t i = 0; i < columns_.size() && !choice_.split; ++i) {
    const bool taken = choice_.position == i || choice_.value == i ||
                       std::ranges::find(choice_.run_columns, i) != choice_.run_columns.end() ||
                       std::ranges::find(choice_.name_columns, i) != choice_.name_columns.end();
    if (taken || !is_split(columns_[i]) || held_.empty()) continue;
    const auto tells = [&](const Held& held) {
      return split_cells(held.text, delimiter_, cells_, scratch_) &&
             (cells_.size() <= i || split_prefix(cells_[i]) || std::ranges::equal(cells_, header_));
    };
    if (std::ranges::all_of(held_, tells)) choice_.split = i;
  }
}

void CsvParser::decide() {
  decided_ = true;
  const auto column_of =
      [this](std::optional<std::size_t> candidate) -> std::optional<std::size_t> {
    if (!candidate) return std::nullopt;
    const auto found = std::ranges::find(candidates_, candidate);
    return static_cast<std::size_t>(found - candidates_.begin());
  };
  const auto chosen = finder_.position();
  choice_.time = column_of(finder_.time(chosen));
  set_position(choice_, column_of(chosen), columns_, options_);
  find_split();
  apply_choice();
  held_bytes_ = 0;
  const std::vector<Held> held = std::exchange(held_, {});
  for (const Held& one : held) {
    if (!split_cells(one.text, delimiter_, cells_, scratch_)) continue;
    // A new header among the rows begins another choice.
    decided_ ? row(one.line) : hold({one.text, one.line});
  }
}

void CsvParser::note_times() {
  position_is_time_ = choice_.position && time_rank(columns_[*choice_.position]).has_value();
  position_divisor_ = position_is_time_ ? time_divisor(columns_[*choice_.position]) : 0.0;
  time_divisor_ = choice_.time ? time_divisor(columns_[*choice_.time]) : 0.0;
}

void CsvParser::apply_choice() {
  note_times();
  uses_.assign(columns_.size(), choice_.is_long() ? Use::text : Use::undecided);
  const auto take = [&](std::size_t column) { uses_[column] = Use::special; };
  if (choice_.position) take(*choice_.position);
  if (choice_.time) take(*choice_.time);
  if (choice_.value) take(*choice_.value);
  if (choice_.split) take(*choice_.split);
  std::ranges::for_each(choice_.run_columns, take);
  std::ranges::for_each(choice_.name_columns, take);
  note_choice();
}

void CsvParser::note_choice() {
  info_.position_column = choice_.position ? columns_[*choice_.position] : "";
  info_.time_column = choice_.time ? columns_[*choice_.time] : "";
  info_.run_columns.clear();
  info_.ignored_columns.clear();
  info_.position_note.clear();
  for (const std::size_t column : choice_.run_columns) {
    info_.run_columns.push_back(columns_[column]);
  }
  if (!choice_.position && columns_.size() > 1) {
    const auto still = finder_.constant();
    info_.position_note =
        still ? fmt::format("column \"{}\" stands still", terminal_safe(finder_.name(*still)))
              : "no step column is recognised";
    feed_.warn(fmt::format("{}: {}, positions are row numbers; name it with --step-column",
                           origin_.path, info_.position_note));
  }
  for (std::size_t i = 0; choice_.is_long() && i < columns_.size(); ++i) {
    if (uses_[i] == Use::text) ignore_column(i);
  }
}

void CsvParser::ignore_column(std::size_t column) {
  uses_[column] = Use::text;
  info_.ignored_columns.push_back(columns_[column]);
  if (info_.ignored_columns.size() <= kMostNotedColumns) {
    feed_.warn_of(
        origin_.path + " ignored",
        fmt::format("{}: column \"{}\" is not read ({}); --run-column makes a run of each of "
                    "its values",
                    origin_.path, terminal_safe(columns_[column]),
                    choice_.is_long() ? "the table holds one value a row" : "text"));
  }
}

}  // namespace emdyn::collect::ingest
