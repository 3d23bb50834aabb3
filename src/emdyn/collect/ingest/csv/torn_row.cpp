#include <algorithm>
#include <cmath>
#include <cstdint>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/contract/quantity.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kFewestRows = 3;  // With fewer nothing is known of how long numbers are.

/// How long a number is written.
struct NumberShape {
  std::size_t digits = 0;  ///< Before the point.
  std::size_t decimals = 0;
  std::size_t exponent = 0;  ///< Digits of the exponent; 0: none.
};

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; }));
}

NumberShape shape_of(std::string_view text) {
  NumberShape shape;
  const auto e = text.find_first_of("eE");
  if (e != std::string_view::npos) shape.exponent = count_digits(text.substr(e));
  const std::string_view mantissa = text.substr(0, e);
  const auto point = mantissa.find('.');
  shape.digits = count_digits(mantissa.substr(0, point));
  if (point != std::string_view::npos) shape.decimals = count_digits(mantissa.substr(point));
  return shape;
}

/// What the last cells of the rows before it are like.
struct Column {
  std::size_t rows = 0;
  std::size_t numbers = 0;
  std::size_t empty = 0;
  NumberShape least{SIZE_MAX, SIZE_MAX, SIZE_MAX};
  double last = 0.0;
  double largest_step = 0.0;

  void add(std::string_view cell) {
    ++rows;
    cell = trim(cell);
    const Cell read = read_cell(cell);
    if (read.kind == CellKind::missing) ++empty;
    if (read.kind != CellKind::number || !std::isfinite(read.number)) return;
    const NumberShape shape = shape_of(cell);
    least.digits = std::min(least.digits, shape.digits);
    least.decimals = std::min(least.decimals, shape.decimals);
    least.exponent = std::min(least.exponent, shape.exponent);
    if (numbers++ > 0) largest_step = std::max(largest_step, std::abs(read.number - last));
    last = read.number;
  }
};

bool is_cut(std::string_view cell, const Column& column) {
  constexpr double kStepsAway = 4.0;
  cell = trim(cell);
  const Cell read = read_cell(cell);
  if (read.kind == CellKind::missing) return column.rows >= kFewestRows && column.empty == 0;
  if (read.kind == CellKind::text) return column.numbers > 0 && !read_quantity(cell);
  if (column.numbers < kFewestRows || !std::isfinite(read.number)) return false;
  const NumberShape shape = shape_of(cell);
  if (shape.exponent < column.least.exponent) return true;
  if (column.least.decimals > 0) return shape.decimals < column.least.decimals;
  // Whole numbers: 99 may follow 101, but 10 is a piece of 103.
  const double away = std::abs(read.number - column.last);
  return shape.decimals == 0 && shape.digits < column.least.digits &&
         away > kStepsAway * column.largest_step;
}

}  // namespace

bool is_torn_row(std::string_view last, std::string_view before, char delimiter,
                 std::size_t columns) {
  std::vector<std::string_view> cells;
  std::string scratch;
  if (!split_cells(last, delimiter, cells, scratch)) return true;
  if (cells.size() < columns) return true;
  if (cells.size() > columns || last.ends_with('"')) return false;
  const std::string last_cell(cells.back());
  Column column;
  while (!before.empty()) {
    const auto end = std::min(before.find('\n'), before.size());
    std::string_view line = before.substr(0, end);
    before.remove_prefix(std::min(end + 1, before.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!split_cells(line, delimiter, cells, scratch) || cells.size() != columns) continue;
    column.add(cells.back());
  }
  return is_cut(last_cell, column);
}

}  // namespace emdyn::collect::ingest
