#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/emergence/scaling/long_table.hpp"
#include "emdyn/pipeline/source.hpp"

namespace emdyn::pipeline {

/// What an analysis is asked about.
struct AnalyzeSource {
  Source first{};
  std::vector<std::string> more{};    ///< Further runs, files or folders, read like the first.
  std::string along{};                ///< Axis of a long table; empty: as the file has it.
  std::vector<std::string> groups{};  ///< Columns that part a long table into runs.
  double at = 0.0;                    ///< Along a size: the step to compare models at.
  bool has_at = false;
};

struct LoadedRuns {
  std::vector<series::Run> runs{};   ///< Names are unique.
  std::vector<std::string> notes{};  ///< What was chosen, one line each.
  std::vector<Reading> readings{};   ///< What each source that is no long table was read as.
  /// Of the first long table that is laid along a size: the table, and how it was asked.
  std::optional<emergence::scaling::LongTable> table{};
  emergence::scaling::SeriesQuery query{};
};

/// Long tables are pivoted by their columns, everything else is read as every verb reads it.
/// @throws ConfigError for an axis unknown, or --along and --group where no long table is;
/// DataError as the readers; Task::Stopped.
LoadedRuns load_for_analysis(const AnalyzeSource& source, const Task& task = {});

}  // namespace emdyn::pipeline
