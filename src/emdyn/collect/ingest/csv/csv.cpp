#include "emdyn/collect/ingest/csv/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr SignalIndex kNoSignal = std::numeric_limits<SignalIndex>::max();
constexpr std::size_t kShownBytes = 60;

bool is_number(std::string_view cell) noexcept { return read_cell(cell).kind == CellKind::number; }
bool is_text(std::string_view cell) noexcept { return read_cell(cell).kind == CellKind::text; }

std::string shown(std::string_view cell) {
  const bool cut = cell.size() > kShownBytes;
  return terminal_safe(cell.substr(0, kShownBytes)) + (cut ? "…" : "");
}

bool is_ascii(std::string_view text) noexcept {
  unsigned char all = 0;
  for (const char c : text) all = static_cast<unsigned char>(all | static_cast<unsigned char>(c));
  return all < 0x80;
}

}  // namespace

CsvParser::CsvParser(Feed& feed, Origin origin, const ReadOptions& options, SourceInfo& info)
    : feed_(feed),
      origin_(std::move(origin)),
      options_(options),
      info_(info),
      splitter_(true, options.limits.line_bytes, origin_.path) {}

std::string CsvParser::place(std::uint64_t line) const {
  return fmt::format("{}:{}", origin_.path, line);
}

bool CsvParser::bad(std::uint64_t line, std::string text) {
  feed_.bad_row(options_.skip_bad_rows, fmt::format("{}: {}", place(line), text));
  return false;
}

bool CsvParser::bad_number(std::uint64_t line, std::size_t column) {
  const std::string_view cell = cells_[column];
  const bool comma = delimiter_ != ',' && std::ranges::count(cell, ',') == 1;
  return bad(line, fmt::format("column \"{}\" holds \"{}\", which is no number{}; mend the row or "
                               "give --skip-bad-rows",
                               terminal_safe(columns_[column]), shown(cell),
                               comma ? " (a decimal comma? write a point)" : ""));
}

void CsvParser::feed(std::string_view bytes) {
  feed_.read(bytes.size());
  splitter_.append(bytes);
  RecordSplitter::Record next;
  while (splitter_.next(next)) record(next);
}

void CsvParser::finish() {
  RecordSplitter::Record last;
  if (splitter_.in_quotes()) {
    bad(splitter_.line(), "a quoted field opens here and never ends; close the quote");
  } else if (splitter_.last(last)) {
    record(last);
  }
  if (have_first_ && columns_.empty()) decide_header({});
}

void CsvParser::restart() {
  splitter_.restart();
  restarted_ = !columns_.empty();
  if (!restarted_) have_first_ = false;
}

void CsvParser::record(const RecordSplitter::Record& record) {
  if (record.text.empty()) return;
  if (!is_ascii(record.text) && !is_utf8(record.text)) {
    bad(record.line, "not UTF-8 text; convert the file, for example: iconv -f latin1 -t utf-8");
    return;
  }
  if (!have_first_) return first_record(record);
  if (!split_cells(record.text, delimiter_, cells_, scratch_)) {
    bad(record.line, "text behind the closing quote of a cell; write a quote within quotes twice");
    return;
  }
  if (columns_.empty()) {
    const std::vector<std::string_view> second = cells_;
    decide_header(second);
    cells_ = second;
  }
  if (std::exchange(restarted_, false)) {
    // A rotated file may or may not repeat its header.
    if (std::ranges::equal(cells_, header_)) return;
    if (cells_.size() != columns_.size() || std::ranges::none_of(cells_, is_number)) {
      columns_.clear();
      have_run_ = false;
      return first_record(record);
    }
  }
  row(record.line);
}

void CsvParser::first_record(const RecordSplitter::Record& record) {
  const std::string_view text = record.text;
  if (text.starts_with("# ")) return;  // A comment before the header.
  delimiter_ = guess_delimiter(text);
  splitter_.set_delimiter(delimiter_);
  info_.delimiter = std::string(1, delimiter_);
  if (!split_cells(text, delimiter_, cells_, scratch_)) {
    throw DataError(fmt::format("{}: the header cannot be read: text behind a closing quote",
                                place(record.line)));
  }
  if (cells_.size() > options_.limits.columns) {
    throw DataError(fmt::format("{}: {} columns, more than the limit of {}", place(record.line),
                                cells_.size(), options_.limits.columns));
  }
  first_row_.assign(cells_.begin(), cells_.end());
  first_line_ = record.line;
  have_first_ = true;
  if (options_.header == Header::present) return set_columns(first_row_, record.line);
  if (options_.header == Header::absent) return positional_columns();
  // A text in the first row of more than one column, none of them a number, names the columns:
  // decided without waiting for a second row, so that a growing file is understood at once.
  const bool any_number = std::ranges::any_of(first_row_, is_number);
  const bool any_text = std::ranges::any_of(first_row_, is_text);
  if (any_text && !any_number) set_columns(first_row_, record.line);
}

void CsvParser::decide_header(const std::vector<std::string_view>& second) {
  const bool any_text = std::ranges::any_of(first_row_, is_text);
  if (!any_text) {
    if (first_row_.size() == 1) return positional_columns();
    throw DataError(
        fmt::format("{}: no header row (the first row is all numbers); add a row of "
                    "column names or give --header absent",
                    place(first_line_)));
  }
  // Mixed: a header when some text stands above a number or an empty cell.
  bool header = second.empty();
  for (std::size_t i = 0; i < std::min(second.size(), first_row_.size()); ++i) {
    header = header || (is_text(first_row_[i]) && !is_text(second[i]));
  }
  if (!header) {
    throw DataError(
        fmt::format("{}: no header row (the first row looks like the second); add a row "
                    "of column names or give --header absent",
                    place(first_line_)));
  }
  set_columns(first_row_, first_line_);
}

void CsvParser::positional_columns() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < first_row_.size(); ++i) {
    names.push_back(first_row_.size() == 1 ? origin_.run : fmt::format("column{}", i + 1));
  }
  set_columns(std::move(names), first_line_);
  header_.clear();
  // The row that was held is data.
  const std::vector<std::string> held = first_row_;
  cells_.assign(held.begin(), held.end());
  row(first_line_);
}

void CsvParser::set_columns(std::vector<std::string> names, std::uint64_t line) {
  header_ = first_row_;
  for (std::string& name : names) name = std::string(trim(name));
  if (number_equal_names(names)) {
    feed_.warn(fmt::format("{}: columns of equal names are numbered (name.1, …)", place(line)));
  }
  columns_ = std::move(names);
  choice_ = choose_columns(columns_, options_, place(line));
  uses_.assign(columns_.size(), choice_.is_long() ? Use::text : Use::undecided);
  const auto take = [&](std::size_t column) { uses_[column] = Use::special; };
  if (choice_.position) take(*choice_.position);
  if (choice_.time) take(*choice_.time);
  if (choice_.value) take(*choice_.value);
  std::ranges::for_each(choice_.run_columns, take);
  std::ranges::for_each(choice_.name_columns, take);
  note_choice();
}

void CsvParser::note_choice() {
  info_.position_column = choice_.position ? columns_[*choice_.position] : "";
  info_.time_column = choice_.time ? columns_[*choice_.time] : "";
  info_.run_columns.clear();
  info_.ignored_columns.clear();
  for (const std::size_t column : choice_.run_columns) {
    info_.run_columns.push_back(columns_[column]);
  }
  if (!choice_.position && columns_.size() > 1) {
    feed_.warn(
        fmt::format("{}: no step column is recognised, positions are row numbers; name it "
                    "with --step-column",
                    origin_.path));
  }
  for (std::size_t i = 0; choice_.is_long() && i < columns_.size(); ++i) {
    if (uses_[i] == Use::text) ignore_column(i);
  }
}

void CsvParser::ignore_column(std::size_t column) {
  uses_[column] = Use::text;
  info_.ignored_columns.push_back(columns_[column]);
  if (info_.ignored_columns.size() <= 20) {
    feed_.warn(
        fmt::format("{}: column \"{}\" is not read ({}); --run-column makes a run of each of "
                    "its values",
                    origin_.path, terminal_safe(columns_[column]),
                    choice_.is_long() ? "the table holds one value a row" : "text"));
  }
}

void CsvParser::row(std::uint64_t line) {
  if (cells_.size() == columns_.size() + 1 && cells_.back().empty()) cells_.pop_back();
  if (cells_.size() != columns_.size()) {
    bad(line, fmt::format("{} cells where the header has {}; mend the row or give --skip-bad-rows",
                          cells_.size(), columns_.size()));
    return;
  }
  double position = 0.0;
  values_.clear();
  if (!read_position(line, position)) return;
  if (choice_.is_long() ? !read_long(line) : !read_wide(line)) return;
  const double seconds = read_seconds();
  const RunIndex run = run_of_row();
  if (!choice_.position) {
    if (rows_of_run_.size() <= run) rows_of_run_.resize(run + std::size_t{1});
    position = static_cast<double>(rows_of_run_[run]++);
  }
  emit(position, seconds);
}

bool CsvParser::read_position(std::uint64_t line, double& position) {
  if (!choice_.position) return true;
  const std::string_view text = cells_[*choice_.position];
  const Cell cell = read_cell(text);
  position = cell.number;
  const bool is_time = time_rank(columns_[*choice_.position]).has_value();
  if (is_time && cell.kind == CellKind::number) position = epoch_seconds(cell.number);
  if (cell.kind == CellKind::text && is_time) {
    const auto time = parse_time(text);
    if (!time) return bad_number(line, *choice_.position);
    position = *time;
    return true;
  }
  if (cell.kind == CellKind::number && std::isfinite(position)) return true;
  if (cell.kind == CellKind::text) return bad_number(line, *choice_.position);
  return bad(line, fmt::format("column \"{}\", the position, is {}; mend the row or give "
                               "--skip-bad-rows",
                               terminal_safe(columns_[*choice_.position]),
                               cell.kind == CellKind::missing ? "empty" : "not finite"));
}

double CsvParser::read_seconds() const {
  if (!choice_.time) return kNoTime;
  const std::string_view text = cells_[*choice_.time];
  const Cell cell = read_cell(text);
  if (cell.kind == CellKind::number) return epoch_seconds(cell.number);
  return parse_time(text).value_or(kNoTime);
}

bool CsvParser::read_wide(std::uint64_t line) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    Use& use = uses_[i];
    if (use == Use::special) continue;
    if (use == Use::text) {
      if (!cells_[i].empty()) feed_.ignored();
      continue;
    }
    const Cell cell = read_cell(cells_[i]);
    if (cell.kind == CellKind::missing) {
      feed_.missing();
      continue;
    }
    if (cell.kind == CellKind::text) {
      if (use == Use::number) return bad_number(line, i);
      ignore_column(i);
      feed_.ignored();
      continue;
    }
    use = Use::number;
    values_.push_back({i, cell.number});
  }
  return true;
}

bool CsvParser::read_long(std::uint64_t line) {
  const Cell cell = read_cell(cells_[*choice_.value]);
  if (cell.kind == CellKind::text) return bad_number(line, *choice_.value);
  if (cell.kind == CellKind::missing) {
    feed_.missing();
  } else {
    values_.push_back({*choice_.value, cell.number});
  }
  return true;
}

RunIndex CsvParser::run_of_row() {
  std::string_view key = origin_.run;
  if (choice_.run_columns.size() == 1) {
    key = cells_[choice_.run_columns.front()];
  } else if (!choice_.run_columns.empty()) {
    key_.clear();
    for (const std::size_t column : choice_.run_columns) {
      if (!key_.empty()) key_ += '/';
      if (is_number(cells_[column])) key_ += columns_[column] + "=";
      key_ += cells_[column];
    }
    key = key_;
  }
  if (have_run_ && key == run_key_) return run_;
  run_key_ = key;
  have_run_ = true;
  const bool bare = choice_.run_columns.size() == 1 && is_number(key);
  std::string name = bare ? fmt::format("{}={}", columns_[choice_.run_columns[0]], key) : run_key_;
  if (name.empty()) name = origin_.run;
  run_ = feed_.run(name);
  signal_of_column_.assign(columns_.size(), kNoSignal);
  return run_;
}

void CsvParser::emit(double position, double seconds) {
  for (const Value& value : values_) {
    if (choice_.is_long()) {
      key_.clear();
      for (const std::size_t column : choice_.name_columns) {
        if (!key_.empty()) key_ += '/';
        key_ += cells_[column];
      }
      feed_.point(feed_.signal(run_, key_, choice_.axis), position, value.number, seconds);
      continue;
    }
    SignalIndex& signal = signal_of_column_[value.column];
    if (signal == kNoSignal) signal = feed_.signal(run_, columns_[value.column], choice_.axis);
    feed_.point(signal, position, value.number, seconds);
  }
  if (!choice_.is_long()) feed_.row(run_, position);
}

}  // namespace emdyn::collect::ingest
