#pragma once
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/gzip.hpp"
#include "emdyn/emergence/scaling/long_table.hpp"

namespace emdyn::emergence::scaling::testing {

/// Splits lines and commas; the shared tables quote nothing.
inline LongTable table_of_text(std::string_view text, const ColumnNames& names = {}) {
  std::vector<std::string_view> cells;
  std::optional<LongTable> table;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    cells.clear();
    for (std::size_t from = 0; from <= line.size();) {
      const auto comma = std::min(line.find(',', from), line.size());
      cells.push_back(line.substr(from, comma - from));
      from = comma + 1;
    }
    if (!table)
      table.emplace(std::vector<std::string>(cells.begin(), cells.end()), names);
    else
      table->add_row(cells);
  }
  return std::move(*table);
}

/// The folder of shared recordings, or an empty path where there is none.
inline std::filesystem::path shared_runs() {
  const char* given = std::getenv("EMDYN_SHARED");
#ifdef EMDYN_SOURCE_DIR
  const std::filesystem::path beside = std::filesystem::path(EMDYN_SOURCE_DIR) / ".." / "shared";
#else
  const std::filesystem::path beside = "../shared";
#endif
  const std::filesystem::path folder =
      (given != nullptr ? std::filesystem::path(given) : beside) / "data" / "runs";
  std::error_code ignored;
  return std::filesystem::is_directory(folder, ignored) ? folder : std::filesystem::path();
}

inline LongTable shared_table(std::string_view name) {
  return table_of_text(read_gzip(shared_runs() / name, std::size_t{64} << 20));
}

/// The rows whose cell of one column is one of these.
inline LongTable rows_with(const LongTable& table, std::string_view column,
                           const std::vector<std::string>& cells) {
  const auto at = static_cast<std::size_t>(std::ranges::find(table.columns(), column) -
                                           table.columns().begin());
  LongTable out(table.columns());
  for (std::size_t r = 0; r < table.rows(); ++r) {
    if (std::ranges::find(cells, table.text(r, at)) == cells.end()) continue;
    std::vector<std::string_view> row;
    for (std::size_t c = 0; c < table.columns().size(); ++c) row.push_back(table.text(r, c));
    out.add_row(row);
  }
  return out;
}

inline const std::vector<std::string> kPythiaTasks{
    "arc_challenge", "arc_easy", "lambada_openai", "logiqa", "piqa", "sciq", "winogrande", "wsc"};

}  // namespace emdyn::emergence::scaling::testing
