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
constexpr double kExactWhole = 9007199254740992.0;  // 2^53

bool is_number_cell(std::string_view cell) noexcept {
  return read_cell(cell).kind == CellKind::number;
}

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
  const bool comma = std::ranges::count(cell, ',') == 1;
  return bad(line, fmt::format("column \"{}\" holds \"{}\", which is no number{}; mend the row or "
                               "give --skip-bad-rows",
                               terminal_safe(columns_[column]), shown(cell),
                               comma ? " (a decimal comma, or thousands? write a point)" : ""));
}

void CsvParser::feed(std::string_view bytes) {
  feed_.read(bytes.size());
  splitter_.append(bytes);
  RecordSplitter::Record next;
  while (splitter_.next(next)) record(next);
}

void CsvParser::finish() {
  RecordSplitter::Record last;
  const std::string before(columns_.empty() ? "" : splitter_.before_last());
  if (splitter_.in_quotes()) {
    bad(splitter_.line(), "a quoted field opens here and never ends; close the quote");
  } else if (splitter_.last(last)) {
    if (!columns_.empty() && !last.text.empty() &&
        is_torn_row(last.text, before, delimiter_, columns_.size())) {
      feed_.torn();
      feed_.warn(fmt::format("{}: the last line is half written (\"{}\") and left out",
                             place(last.line), shown(last.text)));
    } else {
      record(last);
    }
  }
  pause();
}

void CsvParser::pause() {
  if (have_first_ && columns_.empty()) decide_header("");
  // A new header among the rows begins another choice.
  while (!columns_.empty() && !decided_) decide();
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
  if (columns_.empty()) {
    before_header(record);
    if (columns_.empty() || first_line_ == record.line) return;
  }
  if (record.text.front() == '#' && is_comment(record.text)) return;
  if (!split_cells(record.text, delimiter_, cells_, scratch_)) {
    bad(record.line, "text behind the closing quote of a cell; write a quote within quotes twice");
    return;
  }
  if (std::exchange(restarted_, false)) {
    // A rotated file may or may not repeat its header.
    if (std::ranges::equal(cells_, header_)) return;
    if (cells_.size() != columns_.size() || std::ranges::none_of(cells_, is_number_cell)) {
      columns_.clear();
      have_first_ = have_run_ = false;
      return this->record(record);
    }
  }
  if (!decided_) return hold(record);
  row(record.line);
}

void CsvParser::row(std::uint64_t line) {
  if (cells_.size() == columns_.size() + 1 && cells_.back().empty()) cells_.pop_back();
  if (cells_.size() != columns_.size()) {
    if (header_again(line)) return;
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
  ++info_.rows;
  emit(position, seconds);
}

bool CsvParser::step_of(std::string_view text, StepText& step) const {
  const Cell cell = read_cell(text);
  if (cell.kind == CellKind::number) {
    step.number = position_is_time_ ? epoch_seconds(cell.number, position_divisor_) : cell.number;
    return true;
  }
  if (cell.kind != CellKind::text) return false;
  if (const auto time = position_is_time_ ? parse_time(text) : std::nullopt) {
    step.number = *time;
    return true;
  }
  const auto worded = read_step(text);
  if (worded) step = *worded;
  return worded.has_value();
}

bool CsvParser::read_position(std::uint64_t line, double& position) {
  if (!choice_.position) return true;
  const std::string_view text = cells_[*choice_.position];
  StepText step;
  if (!step_of(text, step)) {
    if (read_cell(text).kind == CellKind::missing) return carry_position(line, position);
    return !header_again(line) && bad_number(line, *choice_.position);
  }
  position = step.number;
  if (!std::isfinite(position)) {
    return bad(line, fmt::format("column \"{}\", the position, is not finite; mend the row or give "
                                 "--skip-bad-rows",
                                 terminal_safe(columns_[*choice_.position])));
  }
  if (std::abs(position) >= kExactWhole && choice_.axis != series::Axis::flops &&
      !position_is_time_ && !is_exact(text)) {
    return bad(line, fmt::format("column \"{}\", the position, is {}, beyond 2^53, which no double "
                                 "holds exactly; count from a later step or give --step-column",
                                 terminal_safe(columns_[*choice_.position]), shown(trim(text))));
  }
  if (choice_.outer) position = joined(position, step.total);
  return true;
}

/// A row without a position, such as an evaluation's, belongs to the step before it.
bool CsvParser::carry_position(std::uint64_t line, double& position) {
  const std::string name = terminal_safe(columns_[*choice_.position]);
  const auto last = have_run_ ? feed_.last_position(run_of_row()) : std::nullopt;
  if (!last) {
    return bad(line, fmt::format("column \"{}\", the position, is empty; mend the row or give "
                                 "--skip-bad-rows",
                                 name));
  }
  feed_.warn_of(
      origin_.path + " carried",
      fmt::format("{}: rows without \"{}\" belong to the step before them", place(line), name));
  position = *last;
  return true;
}

double CsvParser::joined(double inner, const std::optional<double>& total) {
  const Cell epoch = read_cell(cells_[*choice_.outer]);
  if (epoch.kind != CellKind::number) return inner;
  const RunIndex run = run_of_row();
  if (joins_.size() <= run) joins_.resize(run + std::size_t{1});
  EpochJoin& join = joins_[run];
  const auto last = feed_.last_position(run);
  // An evaluation counts its own batches: it belongs to the step before it.
  if (last && !prefix_.empty() && join.inside(inner, epoch.number)) return *last;
  const bool before = join.joined();
  const double position = join.join(inner, epoch.number, total);
  if (join.joined() && !before) {
    info_.position_note =
        fmt::format("joined over \"{}\"", terminal_safe(columns_[*choice_.outer]));
  }
  return position;
}

double CsvParser::read_seconds() const {
  if (!choice_.time) return kNoTime;
  const std::string_view text = cells_[*choice_.time];
  const Cell cell = read_cell(text);
  if (cell.kind == CellKind::number) return epoch_seconds(cell.number, time_divisor_);
  return parse_time(text).value_or(kNoTime);
}

/// A number that is written with a decimal comma or a unit.
bool CsvParser::read_loose(std::size_t column, double& number) {
  const std::string_view cell = cells_[column];
  if (const auto comma = read_comma_number(cell, delimiter_ != ',')) {
    feed_.warn_of(origin_.path + " commas",
                  fmt::format("{}: column \"{}\": the comma of \"{}\" is read as {}", origin_.path,
                              terminal_safe(columns_[column]), shown(cell), shortest(*comma)));
    number = *comma;
    return true;
  }
  const auto quantity = read_quantity(cell);
  if (!quantity) return false;
  if (units_.empty()) units_.resize(columns_.size());
  Quantity& unit = units_[column];
  if (unit.unit.empty()) {
    unit = *quantity;
    feed_.warn_of(origin_.path + " units",
                  fmt::format("{}: column \"{}\" is read in {}", origin_.path,
                              terminal_safe(columns_[column]), unit.unit));
  }
  if (unit.dimension != quantity->dimension) return false;
  number = unit.unit == quantity->unit ? quantity->number
                                       : quantity->number * quantity->in_base / unit.in_base;
  return true;
}

bool CsvParser::read_wide(std::uint64_t line) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    Use& use = uses_[i];
    if (use == Use::special) continue;
    if (use == Use::text) {
      if (!cells_[i].empty()) feed_.ignored();
      continue;
    }
    Cell cell = read_cell(cells_[i]);
    if (cell.kind == CellKind::missing) {
      feed_.missing();
      continue;
    }
    if (cell.kind == CellKind::text && !read_loose(i, cell.number)) {
      if (use == Use::number) return !header_again(line) && bad_number(line, i);
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
  Cell cell = read_cell(cells_[*choice_.value]);
  if (cell.kind == CellKind::missing) {
    feed_.missing();
    return true;
  }
  if (cell.kind == CellKind::text && !read_loose(*choice_.value, cell.number)) {
    return !header_again(line) && bad_number(line, *choice_.value);
  }
  values_.push_back({*choice_.value, cell.number});
  return true;
}

RunIndex CsvParser::run_of_row() {
  std::string_view key = origin_.run;
  if (choice_.run_columns.size() == 1 && !choice_.split) {
    key = cells_[choice_.run_columns.front()];
  } else if (!choice_.run_columns.empty() || choice_.split) {
    key_.clear();
    for (const std::size_t column : choice_.run_columns) {
      if (!key_.empty()) key_ += '/';
      const std::string_view cell = cells_[column];
      if (choice_.run_columns.size() > 1 && is_number_cell(cell)) {
        key_.append(columns_[column]).append("=");
      }
      key_ += cell;
    }
    if (choice_.split) key_.append(1, '\n').append(cells_[*choice_.split]);
    key = key_;
  }
  if (have_run_ && key == run_key_) return run_;
  run_key_ = key;
  have_run_ = true;
  std::string name = run_key_;
  prefix_.clear();
  if (choice_.split) {
    name.resize(run_key_.rfind('\n'));
    prefix_ = split_prefix(cells_[*choice_.split]).value_or("");
  }
  if (choice_.run_columns.size() == 1 && is_number_cell(name)) {
    name = fmt::format("{}={}", columns_[choice_.run_columns[0]], name);
  }
  if (name.empty()) name = origin_.run;
  run_ = feed_.run(name);
  signal_of_column_.assign(columns_.size(), kNoSignal);
  return run_;
}

void CsvParser::emit(double position, double seconds) {
  for (const Value& value : values_) {
    if (choice_.is_long()) {
      key_ = prefix_;
      for (const std::size_t column : choice_.name_columns) {
        if (key_.size() > prefix_.size()) key_ += '/';
        key_ += cells_[column];
      }
      feed_.point(feed_.signal(run_, key_, choice_.axis), position, value.number, seconds);
      continue;
    }
    SignalIndex& signal = signal_of_column_[value.column];
    if (signal == kNoSignal) {
      signal = feed_.signal(run_, prefix_ + columns_[value.column], choice_.axis);
    }
    feed_.point(signal, position, value.number, seconds);
  }
  if (!choice_.is_long()) feed_.row(run_, position);
}

}  // namespace emdyn::collect::ingest
