#pragma once
#include <string>
#include <vector>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/html/html.hpp"

namespace emdyn::report {

using TextRow = std::vector<std::string>;

/// A plain table in a frame that scrolls by itself, so the page never scrolls sideways.
/// The first column heads its rows. `numeric_from` is the first column set flush right.
struct TextTable {
  std::string caption{};
  TextRow headers{};
  std::vector<TextRow> rows{};
  std::size_t numeric_from = 1;
};
void text_table(Html& html, const TextTable& table);

/// The same, folded away: the data behind a chart.
void folded_table(Html& html, const TextTable& table);

/// `columns` in at most `rows` stretches, extremes kept: name, positions, points, min, max, last.
void add_signal_rows(TextTable& table, const Scene& scene, const std::string& name,
                     const Columns& columns, const NumberFormat& format, std::size_t rows);
TextRow signal_row_headers(const Scene& scene);

}  // namespace emdyn::report
