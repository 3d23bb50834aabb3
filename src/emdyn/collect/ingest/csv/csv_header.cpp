#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kShownColumns = 8;

bool holds_number(std::string_view cell) noexcept {
  return read_cell(cell).kind == CellKind::number;
}
bool holds_text(std::string_view cell) noexcept { return read_cell(cell).kind == CellKind::text; }

/// A number, also with a unit or as a part of a whole: no name of a column.
bool holds_value(std::string_view cell) noexcept {
  return holds_number(cell) || read_quantity(cell) || read_comma_number(cell, true);
}

/// Without its signs: "# step,loss" → "step,loss".
std::string_view comment_text(std::string_view line) noexcept {
  while (line.starts_with('#') || line.starts_with('%')) line.remove_prefix(1);
  return trim(line);
}

bool is_delimiter_char(char c) noexcept { return c == ',' || c == ';' || c == '\t' || c == '|'; }

}  // namespace

void CsvParser::before_header(const RecordSplitter::Record& record) {
  const std::string_view text = record.text;
  if (!have_first_) {
    if (text.size() == 5 && (text.starts_with("sep=") || text.starts_with("SEP="))) {
      delimiter_ = text[4];
      delimiter_given_ = true;
      return;
    }
    // "#,loss" is a header whose first column is called #.
    if (text.front() == '#' && (text.size() == 1 || !is_delimiter_char(text[1]))) {
      if (!comment_text(text).empty()) comment_ = comment_text(text);
      return;
    }
    return first_record(record);
  }
  decide_header(text);
}

void CsvParser::first_record(const RecordSplitter::Record& record) {
  const std::string_view text = record.text;
  if (!delimiter_given_) delimiter_ = guess_delimiter(text);
  if (!split_cells(text, delimiter_, cells_, scratch_)) {
    throw DataError(fmt::format("{}: the header cannot be read: text behind a closing quote",
                                place(record.line)));
  }
  if (cells_.size() > options_.limits.columns) {
    throw DataError(fmt::format("{}: {} columns, more than the limit of {}", place(record.line),
                                cells_.size(), options_.limits.columns));
  }
  first_text_ = text;
  first_row_.assign(cells_.begin(), cells_.end());
  first_line_ = record.line;
  have_first_ = true;
  if (options_.header == Header::present && delimiter_ != ' ') {
    return set_columns(first_row_, record.line);
  }
  if (options_.header == Header::absent && delimiter_ != ' ') {
    numbered_columns(false);
    first_line_ = 0;  // The row at hand is data.
    return;
  }
  // A text in the first row of more than one column, none of them a number, names the columns:
  // decided without waiting for a second row, so that a growing file is understood at once. Blanks
  // may stand within the name of a single column.
  const bool any_number = std::ranges::any_of(first_row_, holds_value);
  const bool any_text = std::ranges::any_of(first_row_, holds_text);
  if (any_text && !any_number && delimiter_ != ' ') return set_columns(first_row_, record.line);
  if (any_number && take_comment_header()) return;
}

/// numpy's savetxt and others write the names of the columns behind a #.
bool CsvParser::take_comment_header() {
  if (comment_.empty()) return false;
  std::vector<std::string_view> names;
  std::string scratch;
  for (const char delimiter : {delimiter_, guess_delimiter(comment_)}) {
    const bool split = split_cells(comment_, delimiter, names, scratch);
    if (!split || names.size() != first_row_.size() || std::ranges::any_of(names, holds_value)) {
      continue;
    }
    first_row_.assign(names.begin(), names.end());
    comment_header_ = true;
    set_columns(first_row_, first_line_);
    first_line_ = 0;  // The row at hand is data.
    return true;
  }
  return false;
}

void CsvParser::decide_header(std::string_view second_text) {
  std::vector<std::string_view> second;
  std::string scratch;
  if (delimiter_ == ' ' && !delimiter_given_ && std::ranges::any_of(first_row_, holds_text)) {
    // Blanks part columns only where they part both rows into equally many.
    split_cells(second_text, guess_delimiter(second_text), second, scratch);
    if (second.size() != first_row_.size() || second.size() < 2) {
      delimiter_ = second_text.empty() ? ',' : guess_delimiter(second_text);
      if (delimiter_ == ' ') delimiter_ = ',';
      first_row_ = {first_text_};
    }
  }
  splitter_.set_delimiter(delimiter_);
  if (!second_text.empty()) split_cells(second_text, delimiter_, second, scratch);
  const bool any_text = std::ranges::any_of(first_row_, holds_text);
  const bool any_value = std::ranges::any_of(first_row_, holds_value);
  if (!any_text || options_.header == Header::absent) {
    numbered_columns(first_row_.size() > 1 && options_.header != Header::absent);
    return replay_first();
  }
  if (!any_value) return set_columns(first_row_, first_line_);
  // Mixed: a header when some text stands above a number or an empty cell.
  bool header = second.empty() || options_.header == Header::present;
  for (std::size_t i = 0; i < std::min(second.size(), first_row_.size()); ++i) {
    header = header || (holds_text(first_row_[i]) && !holds_value(first_row_[i]) &&
                        (!holds_text(second[i]) || holds_value(second[i])));
  }
  if (!header) {
    throw DataError(
        fmt::format("{}: no header row (the first row looks like the second); add a row "
                    "of column names or give --header absent",
                    place(first_line_)));
  }
  set_columns(first_row_, first_line_);
}

void CsvParser::numbered_columns(bool warned) {
  std::vector<std::string> names;
  const std::size_t count = first_row_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const bool only_value = options_.header != Header::absent && i + 1 == count && count <= 2;
    names.push_back(only_value || count == 1 ? origin_.run : fmt::format("column{}", i + 1));
  }
  if (warned) {
    feed_.warn(
        fmt::format("{}: no header row (the first row is all numbers): columns are numbered; "
                    "--header present takes the first row for names",
                    place(first_line_)));
  }
  headless_ = true;
  set_columns(std::move(names), first_line_);
  header_.clear();
}

/// The first row is data: it comes before the one at hand.
void CsvParser::replay_first() {
  const std::string first = first_text_;
  const std::uint64_t line = std::exchange(first_line_, 0);
  record({first, line});
}

void CsvParser::set_columns(std::vector<std::string> names, std::uint64_t line) {
  splitter_.set_delimiter(delimiter_);
  info_.delimiter = std::string(1, delimiter_);
  header_ = first_row_;
  for (std::string& name : names) name = std::string(trim(name));
  if (number_equal_names(names)) {
    feed_.warn(fmt::format("{}: columns of equal names are numbered (name.1, …)", place(line)));
  }
  columns_ = std::move(names);
  choice_ = choose_columns(columns_, options_, place(line));
  info_.seen = columns_.size() == 1 ? "the column " : "the columns ";
  for (std::size_t i = 0; i < std::min(columns_.size(), kShownColumns); ++i) {
    info_.seen += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", terminal_safe(columns_[i]));
  }
  if (columns_.size() > kShownColumns) info_.seen += ", …";
  units_.clear();
  finder_ = {};
  candidates_.assign(columns_.size(), std::nullopt);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto in = [i](const std::vector<std::size_t>& list) {
      return std::ranges::find(list, i) != list.end();
    };
    if (in(choice_.name_columns) || in(choice_.run_columns) || choice_.value == i) continue;
    if (columns_.size() > 1) candidates_[i] = finder_.add(columns_[i], i == 0, headless_);
  }
  decided_ = false;
  if (!options_.step_column.empty()) {
    decided_ = true;
    apply_choice();
  }
}

bool CsvParser::is_comment(std::string_view text) const {
  return comment_header_ || text.starts_with("# ");
}

bool CsvParser::header_again(std::uint64_t line) {
  if (header_.empty() || !std::ranges::all_of(cells_, holds_text)) return false;
  if (std::ranges::equal(cells_, header_)) {
    feed_.warn_of(origin_.path + " header",
                  fmt::format("{}: the header stands again; it is passed over", place(line)));
    return true;
  }
  // Another header: most of its names are known.
  const auto known = [this](std::string_view cell) {
    return std::ranges::find(columns_, trim(cell)) != columns_.end();
  };
  const auto same = static_cast<std::size_t>(std::ranges::count_if(cells_, known));
  if (2 * same < cells_.size() || same == 0) return false;
  feed_.warn_of(origin_.path + " new header",
                fmt::format("{}: a new header: the columns change here", place(line)));
  first_row_.assign(cells_.begin(), cells_.end());
  first_line_ = line;
  have_run_ = false;
  set_columns(first_row_, line);
  return true;
}

}  // namespace emdyn::collect::ingest
