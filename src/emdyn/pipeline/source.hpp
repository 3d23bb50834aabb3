#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/series/history.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

/// Where the runs of a verb's RUN|FILE argument come from.
struct Source {
  std::string text{};        ///< A file, a folder of logs, "-", or a run's id or name.
  std::string store_path{};  ///< Looked into when `text` is no file.
  collect::ingest::ReadOptions read{};
  bool whole_history = true;  ///< Else signals keep the segments in which they were logged.
};

/// What a source was read as: every verb says it (reading_lines, reading_json).
struct Reading {
  bool stored = false;                 ///< A run of the store; else a file or folder.
  collect::ingest::ReadReport read{};  ///< Of a file; empty for a stored run.
  series::HistoryReport history{};
  std::size_t runs = 0;
  std::size_t signals = 0;
  std::uint64_t points = 0;  ///< That are looked at.
};

/// True when `text` names something on disk (or standard input) rather than a run.
bool is_path(std::string_view text);

/// The runs that a RUN|FILE argument names: those of the file, or the one of the store; each signal
/// its whole history (see series::make_whole). `reading`, where given, gets what was chosen.
/// @throws DataError when it is neither; ConfigError when several runs of the store fit;
/// Task::Stopped.
std::vector<series::Run> load_runs(const Source& source, const Task& task = {},
                                   Reading* reading = nullptr);

/// The same where exactly one run is needed. @throws ConfigError when the file holds several: they
/// are named, with the way to import them first.
series::Run load_run(const Source& source, Reading* reading = nullptr);

/// One line for people: what the source was read as, by which position, what was left out. Empty for
/// a stored run of which there is nothing to say. Escaped for a terminal.
std::string reading_line(const Reading& reading);

/// {stored, runs, signals, points, sources: [{path, format, gzip, position_column, position_note,
/// time_column, run_columns, ignored_columns, rows}], history: {replaced, replaced_from, joined,
/// sorted, set_back}, missing_cells, ignored_values, skipped_rows, torn_rows, warnings}
Json reading_json(const Reading& reading);
/// Its "sources".
Json sources_json(const collect::ingest::ReadReport& read);

}  // namespace emdyn::pipeline
