#include "emdyn/pipeline/trial_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "emdyn/collect/ingest/csv/csv.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/gzip.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {
namespace {

constexpr std::size_t kLargestTable = 256u << 20;

// Rows whose columns come up one by one.
class RowMaker {
 public:
  void begin() { rows_.cells.emplace_back(rows_.names.size()); }
  void put(const std::string& name, bool is_setting, std::string cell) {
    const auto [found, fresh] = places_.try_emplace(name, rows_.names.size());
    if (fresh) {
      rows_.names.push_back(name);
      rows_.is_setting.push_back(is_setting);
    }
    auto& row = rows_.cells.back();
    if (row.size() <= found->second) row.resize(found->second + 1);
    row[found->second] = std::move(cell);
  }
  explain::TrialRows finish() {
    for (auto& row : rows_.cells) row.resize(rows_.names.size());
    return std::move(rows_);
  }

 private:
  explain::TrialRows rows_;
  std::map<std::string, std::size_t> places_;
};

// Numbers, words and booleans as text; nothing for what has no single value.
std::string cell_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return shortest(value.get<double>());
  return "";
}

void put_object(const Json& object, bool is_setting, RowMaker& maker) {
  for (const auto& [name, value] : object.items()) {
    if (!value.is_structured()) maker.put(name, is_setting, cell_of(value));
  }
}

// The settings of a line, where it keeps them apart.
const Json* settings_of(const Json& row) {
  for (const char* name : {"configuration", "config"}) {
    const auto found = row.find(name);
    if (found != row.end() && found->is_object()) return &*found;
  }
  return nullptr;
}

explain::TrialRows of_lines(std::string_view text, const std::string& path) {
  std::vector<Json> lines;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    lines.push_back(parse_json(line, fmt::format("{}, line {}", path, number)));
    if (!lines.back().is_object()) {
      throw DataError(fmt::format("{}, line {}: no object", path, number));
    }
  }
  // A line without settings of its own (a header) must not turn the outcomes of others into settings.
  const bool apart = std::ranges::any_of(lines, [](const Json& row) { return settings_of(row); });
  RowMaker maker;
  for (const Json& row : lines) {
    maker.begin();
    if (const Json* settings = settings_of(row)) put_object(*settings, true, maker);
    put_object(row, !apart, maker);
  }
  return maker.finish();
}

explain::TrialRows of_table(std::string_view text, const std::string& path) {
  explain::TrialRows rows;
  char delimiter = ',';
  std::size_t number = 0;
  std::vector<std::string_view> cells;
  std::string scratch;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (rows.names.empty()) delimiter = collect::ingest::guess_delimiter(line);
    cells.clear();
    scratch.clear();
    if (!collect::ingest::split_cells(line, delimiter, cells, scratch)) {
      throw DataError(
          fmt::format("{}, line {}: a quoted cell does not end where it should", path, number));
    }
    if (rows.names.empty()) {
      rows.names.assign(cells.begin(), cells.end());
      rows.is_setting.assign(rows.names.size(), true);
      continue;
    }
    if (cells.size() != rows.names.size()) {
      throw DataError(fmt::format("{}, line {}: {} cells, the header has {}", path, number,
                                  cells.size(), rows.names.size()));
    }
    rows.cells.emplace_back(cells.begin(), cells.end());
  }
  return rows;
}

explain::TrialRows of_store(const std::filesystem::path& folder, const Task& task) {
  auto store = collect::store::Store::open(folder, collect::store::Mode::read);
  RowMaker maker;
  for (const collect::store::RunSummary& run : store.runs()) {
    task.check();
    if (run.info.status == series::RunStatus::running) continue;
    maker.begin();
    put_object(run.info.configuration, true, maker);
    for (const auto& signal : store.summaries(run.info.id)) {
      if (signal.last_value && std::isfinite(*signal.last_value)) {
        maker.put(signal.name, false, shortest(*signal.last_value));
      }
    }
  }
  return maker.finish();
}

}  // namespace

explain::TrialRows read_trials(const std::filesystem::path& path, const Task& task) {
  const std::string shown = terminal_safe(path.string());
  if (std::filesystem::is_directory(path)) return of_store(path, task);
  const std::string text = read_gzip(path, kLargestTable);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) throw DataError(fmt::format("{}: empty", shown));
  return text[first] == '{' ? of_lines(text, shown) : of_table(text, shown);
}

std::size_t trial_number(const std::string& text, std::string_view option) {
  const auto number = parse_double(text);
  if (!number || !(*number >= 1.0 && *number <= 1e9) || *number != std::floor(*number)) {
    throw ConfigError(
        fmt::format("{} needs the number of a trial, from 1, got {}", option, terminal_safe(text)));
  }
  return static_cast<std::size_t>(*number) - 1;
}

}  // namespace emdyn::pipeline
