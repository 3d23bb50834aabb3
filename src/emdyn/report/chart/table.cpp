#include "emdyn/report/chart/table.hpp"

#include <fmt/format.h>

#include "emdyn/report/html/moment.hpp"

namespace emdyn::report {

namespace {

void table_head(Html& html, const TextTable& table) {
  const auto head = html.element("thead");
  const auto row = html.element("tr");
  for (std::size_t i = 0; i < table.headers.size(); ++i) {
    html.leaf("th", table.headers[i],
              {{"scope", "col"}, {"class", i >= table.numeric_from ? "n" : ""}});
  }
}

void table_body(Html& html, const TextTable& table) {
  const auto body = html.element("tbody");
  for (const TextRow& cells : table.rows) {
    const auto row = html.element("tr");
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i == 0) {
        html.leaf("th", cells[i], {{"scope", "row"}});
      } else {
        html.leaf("td", cells[i], {{"class", i >= table.numeric_from ? "n" : ""}});
      }
    }
  }
}

}  // namespace

void text_table(Html& html, const TextTable& table) {
  const auto frame = html.element(
      "div",
      {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", table.caption}});
  const auto element = html.element("table");
  html.leaf("caption", table.caption);
  table_head(html, table);
  table_body(html, table);
}

void folded_table(Html& html, const TextTable& table) {
  if (table.rows.empty()) return;
  const auto details = html.element("details", {{"class", "data"}});
  html.leaf("summary", "Table: " + table.caption);
  text_table(html, table);
}

TextRow signal_row_headers(const Scene& scene) {
  return {"signal", std::string(axis_label(scene.data.axis)), "points", "minimum", "maximum",
          "last"};
}

void add_signal_rows(TextTable& table, const Scene& scene, const std::string& name,
                     const Columns& columns, const NumberFormat& format, std::size_t rows) {
  const Columns coarse = coarsen(columns, scene.linear, rows);
  for (const Stroke& stroke : coarse.strokes) {
    for (const report::Bucket& column : stroke.columns) {
      const std::string first = place_number(scene.data.axis, column.first_position);
      const std::string last = place_number(scene.data.axis, column.last_position);
      table.rows.push_back({name, first == last ? first : first + "–" + last,
                            count_text(column.count), format.value(column.min),
                            format.value(column.max), format.value(column.last)});
    }
  }
}

}  // namespace emdyn::report
