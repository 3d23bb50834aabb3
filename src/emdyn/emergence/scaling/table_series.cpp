#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/scaling/long_table.hpp"

namespace emdyn::emergence::scaling {
namespace {

struct Row {
  double position, value, error;
};

/// Sorts by position and averages rows of equal position.
void gather(std::vector<Row>& rows, TableSeries& series) {
  std::ranges::stable_sort(rows, {}, &Row::position);
  bool errors = true;
  std::vector<double> counts;
  for (const Row& row : rows) {
    errors = errors && std::isfinite(row.error) && row.error > 0.0;
    if (!series.positions.empty() && series.positions.back() == row.position) {
      const double n = ++counts.back();
      series.values.back() += (row.value - series.values.back()) / n;
      series.errors.back() = std::hypot(series.errors.back() * (n - 1.0), row.error) / n;
      ++series.merged;
      continue;
    }
    series.positions.push_back(row.position);
    series.values.push_back(row.value);
    series.errors.push_back(row.error);
    counts.push_back(1.0);
  }
  if (!errors) series.errors.clear();
}

}  // namespace

bool is_scale_axis(series::Axis axis) noexcept {
  return axis == series::Axis::parameters || axis == series::Axis::flops;
}

ColumnPart part_of_axis(series::Axis axis) {
  switch (axis) {
    case series::Axis::step:
      return ColumnPart::step;
    case series::Axis::tokens:
      return ColumnPart::tokens;
    case series::Axis::flops:
      return ColumnPart::flops;
    case series::Axis::parameters:
      return ColumnPart::parameters;
    default:
      throw DataError(
          fmt::format("a long table holds no axis {}; axes are step, tokens, flops and parameters",
                      series::word(axis)));
  }
}

std::vector<std::size_t> LongTable::grouping(const SeriesQuery& query, bool along_scale) const {
  std::vector<std::size_t> columns;
  for (const std::string& name : query.group_by) {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) {
      throw DataError(fmt::format("long table: no column \"{}\" to group by (columns: {})",
                                  terminal_safe(name),
                                  terminal_safe(fmt::format("{}", fmt::join(names_, ", ")))));
    }
    columns.push_back(static_cast<std::size_t>(found - names_.begin()));
  }
  if (!columns.empty()) return columns;
  for (std::size_t c = 0; c < names_.size(); ++c) {
    const ColumnPart part = parts_[c];
    // Along scale, settings that come with the size (learning rate, batch) would leave groups of
    // one.
    const bool keeps = part == ColumnPart::family ||
                       (!along_scale && (part == ColumnPart::model || part == ColumnPart::setting));
    if (keeps) columns.push_back(c);
  }
  return columns;
}

/// Along scale every model counts at one point of its training.
std::vector<bool> LongTable::rows_in_question(const SeriesQuery& query, bool along_scale) const {
  std::vector<bool> taken(rows_, true);
  const ColumnPart clock = column(ColumnPart::step) ? ColumnPart::step : ColumnPart::tokens;
  if (!along_scale || !column(clock)) return taken;
  if (query.at) {
    for (std::size_t r = 0; r < rows_; ++r) taken[r] = quantity(r, clock) == *query.at;
    return taken;
  }
  // Tokens without steps tell models apart, they are no clock.
  if (clock == ColumnPart::tokens) return taken;
  std::map<std::string, double> last;
  for (std::size_t r = 0; r < rows_; ++r) {
    const double at = quantity(r, clock);
    if (!std::isfinite(at)) continue;
    double& most = last.try_emplace(model(r), at).first->second;
    most = std::max(most, at);
  }
  for (std::size_t r = 0; r < rows_; ++r) {
    const auto found = last.find(model(r));
    taken[r] = found != last.end() && quantity(r, clock) == found->second;
  }
  return taken;
}

std::vector<TableSeries> LongTable::series(const SeriesQuery& query) const {
  const ColumnPart part = part_of_axis(query.axis);
  const bool along_scale = is_scale_axis(query.axis) ||
                           (query.axis == series::Axis::tokens && !column(ColumnPart::step) &&
                            column(ColumnPart::parameters).has_value());
  const std::vector<std::size_t> columns = grouping(query, along_scale);
  const std::vector<bool> taken = rows_in_question(query, along_scale);
  const auto value = *column(ColumnPart::value);
  const auto error = column(ColumnPart::error), task = column(ColumnPart::task),
             metric = column(ColumnPart::metric);
  const bool by_name = along_scale && query.group_by.empty() && !column(ColumnPart::family);
  std::map<std::vector<std::string>, std::size_t> places;
  std::vector<TableSeries> out;
  std::vector<std::vector<Row>> rows;
  bool told = false;
  for (std::size_t r = 0; r < rows_; ++r) {
    if (!taken[r]) continue;
    std::vector<std::string> key{task ? std::string(text(r, *task)) : "",
                                 metric ? std::string(text(r, *metric)) : ""};
    for (const std::size_t c : columns) key.emplace_back(text(r, c));
    if (by_name) key.push_back(family(r));
    const auto [place, added] = places.try_emplace(key, out.size());
    if (added) {
      TableSeries made;
      made.task = key[0];
      made.metric = key[1];
      for (std::size_t c = 0; c < columns.size(); ++c)
        made.group.emplace_back(names_[columns[c]], key[2 + c]);
      if (by_name) made.group.emplace_back("family", key.back());
      out.push_back(std::move(made));
      rows.emplace_back();
    }
    const double position = quantity(r, part, query.tokens_per_step),
                 number_here = number(r, value);
    told = told || std::isfinite(position);
    if (!std::isfinite(position) || !std::isfinite(number_here)) {
      ++out[place->second].dropped;
      continue;
    }
    rows[place->second].push_back({position, number_here, error ? number(r, *error) : 0.0});
  }
  if (rows_ > 0 && !told) {
    throw DataError(fmt::format(
        "long table: nothing tells {}; name a column with {}=COLUMN{}", series::word(query.axis),
        word(part), query.axis == series::Axis::flops ? " or give tokens per step" : ""));
  }
  for (std::size_t s = 0; s < out.size(); ++s) gather(rows[s], out[s]);
  return out;
}

}  // namespace emdyn::emergence::scaling
