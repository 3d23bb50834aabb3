#include "print_rows.hpp"

#include <fmt/format.h>

#include "emdyn/app/terminal/table.hpp"

namespace emdyn::bench {

void print_rows(const std::vector<Row>& rows, bool json, app::terminal::Console& console) {
  if (json) {
    console.json(rows_json(rows));
    return;
  }
  using Align = app::terminal::Table::Align;
  app::terminal::Table table({{"name"},
                              {"value", Align::right},
                              {"unit"},
                              {"baseline", Align::right},
                              {"ratio", Align::right},
                              {"against"}});
  for (const Row& row : rows) {
    const bool compared = row.baseline && *row.baseline != 0.0;
    std::string value = fmt::format("{:.4g}", row.value);
    if (row.low && row.high) value += fmt::format(" [{:.3g}, {:.3g}]", *row.low, *row.high);
    if (row.passes) value += *row.passes ? " ok" : " NO";
    if (!row.target.empty()) value += fmt::format(" ({})", row.target);
    table.row({row.name, value, row.unit, row.baseline ? fmt::format("{:.4g}", *row.baseline) : "",
               compared ? fmt::format("{:.2f}", row.value / *row.baseline) : "",
               row.baseline_name});
  }
  table.print(console);
}

}  // namespace emdyn::bench
