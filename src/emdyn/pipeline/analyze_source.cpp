#include "emdyn/pipeline/analyze_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/table_runs.hpp"

namespace emdyn::pipeline {
namespace {

using emergence::scaling::ColumnPart;
using emergence::scaling::LongTable;
using emergence::scaling::SeriesQuery;

/// An axis by its word or by a common name of its column ("params", "iteration").
series::Axis axis_of(const std::string& word) {
  switch (emergence::scaling::part_of_column(word)) {
    case ColumnPart::parameters:
      return series::Axis::parameters;
    case ColumnPart::tokens:
      return series::Axis::tokens;
    case ColumnPart::flops:
      return series::Axis::flops;
    case ColumnPart::step:
      return series::Axis::step;
    default:
      throw ConfigError(fmt::format("--along must be step, tokens, flops or parameters, got \"{}\"",
                                    terminal_safe(word)));
  }
}

/// Along what a table goes when nothing is said: training where it has a clock, else size.
std::optional<series::Axis> own_axis(const LongTable& table) {
  if (table.column(ColumnPart::step)) return series::Axis::step;
  if (table.column(ColumnPart::parameters)) return series::Axis::parameters;
  if (table.column(ColumnPart::tokens)) return series::Axis::tokens;
  if (table.column(ColumnPart::flops)) return series::Axis::flops;
  return std::nullopt;
}

std::string shown_groups(const AnalyzeSource& source, series::Axis axis) {
  if (!source.groups.empty())
    return fmt::format("by {}", terminal_safe(fmt::format("{}", fmt::join(source.groups, ", "))));
  return emergence::scaling::is_scale_axis(axis) ? "by family" : "one a model and setting";
}

/// The columns that groups name: by their own names, or by the part they play ("model" for a column
/// "name"). "family" without a column is what the models' names say, which is the default.
std::vector<std::string> group_columns(const LongTable& table,
                                       const std::vector<std::string>& groups) {
  std::vector<std::string> columns;
  for (const std::string& group : groups) {
    const auto& names = table.columns();
    const ColumnPart part = emergence::scaling::part_of_column(group);
    const auto plays = table.column(part);
    if (std::ranges::find(names, group) != names.end()) {
      columns.push_back(group);
    } else if (part != ColumnPart::setting && plays) {
      columns.push_back(names[*plays]);
    } else if (part != ColumnPart::family) {
      columns.push_back(group);  // The table says which columns there are.
    }
  }
  return columns;
}

/// The runs of a file that is a long table; nothing where it is none.
std::optional<std::vector<series::Run>> pivoted(const std::string& path,
                                                const AnalyzeSource& source, LoadedRuns& loaded) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  // Whoever says how to read it means the reader.
  if (!source.first.read.step_column.empty() || !source.first.read.run_columns.empty())
    return std::nullopt;
  auto table = read_long_table(path, {}, source.first.read.limits);
  if (!table) return std::nullopt;
  SeriesQuery query;
  if (!source.along.empty()) {
    query.axis = axis_of(source.along);
  } else if (const auto axis = own_axis(*table)) {
    query.axis = *axis;
  } else {
    return std::nullopt;
  }
  if (source.has_at) query.at = source.at;
  query.group_by = group_columns(*table, source.groups);
  auto runs = runs_of_table(*table, query, std::filesystem::path(path).filename().string());
  if (runs.empty()) {
    throw DataError(fmt::format("{}: no row has both a number and a place along {}",
                                terminal_safe(path), series::word(query.axis)));
  }
  loaded.notes.push_back(fmt::format("{}: a long table of {} rows, along {}, {} {} {}",
                                     terminal_safe(path), table->rows(), series::word(query.axis),
                                     runs.size(), runs.size() == 1 ? "run" : "runs",
                                     shown_groups(source, query.axis)));
  if (emergence::scaling::is_scale_axis(query.axis) && !loaded.table) {
    loaded.table = std::move(table);
    loaded.query = query;
  }
  return runs;
}

/// Runs of the same name get their source before it, and a number if that does not part them.
void make_names_unique(std::vector<series::Run>& runs, const std::vector<std::string>& sources) {
  std::map<std::string, std::size_t> counts;
  for (const series::Run& run : runs) ++counts[run.info.name];
  std::map<std::string, std::size_t> used;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    std::string& name = runs[r].info.name;
    if (counts[name] > 1 && sources[r] != name) name = sources[r] + ":" + name;
    const std::size_t times = ++used[name];
    if (times > 1) name += fmt::format(" ({})", times);
  }
}

}  // namespace

LoadedRuns load_for_analysis(const AnalyzeSource& source, const Task& task) {
  LoadedRuns loaded;
  std::vector<std::string> texts{source.first.text};
  texts.insert(texts.end(), source.more.begin(), source.more.end());
  std::vector<std::string> sources;
  bool table = false;
  for (const std::string& text : texts) {
    std::vector<series::Run> runs;
    if (auto long_runs = pivoted(text, source, loaded)) {
      runs = std::move(*long_runs);
      table = true;
    } else {
      Source one = source.first;
      one.text = text;
      Reading reading;
      runs = load_runs(one, task, &reading);
      loaded.readings.push_back(std::move(reading));
    }
    for (series::Run& run : runs) {
      sources.push_back(text);
      loaded.runs.push_back(std::move(run));
    }
  }
  if (!table && (!source.along.empty() || !source.groups.empty())) {
    throw ConfigError(fmt::format(
        "{}: --along and --group need a long table: a text table with a header that names columns "
        "for the metric and its value",
        terminal_safe(source.first.text)));
  }
  make_names_unique(loaded.runs, sources);
  return loaded;
}

}  // namespace emdyn::pipeline
