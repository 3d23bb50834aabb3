#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::pipeline {

struct ImportOptions {
  collect::ingest::ReadOptions read{};
  collect::monitor::RecorderOptions recorder{};
  std::function<void(std::string_view)> on_warning{};
};

struct ImportResult {
  std::vector<std::string> run_ids{};
  collect::ingest::ReadReport read{};
  std::uint64_t events = 0;
  bool interrupted = false;
  double seconds = 0.0;
};

/// {runs, signals, points, nonfinite, events, missing_cells, …, run_ids, seconds, sources,
/// warnings}
Json import_json(const ImportResult& result);

/// Reads files and folders into a store, each run watched by detectors on its way.
/// All or nothing: a file that cannot be read throws DataError naming it, and the runs of this
/// import are removed again, so that it can simply be repeated. Stopped by `task`: what was read is
/// kept, its runs are `interrupted`.
ImportResult import_files(collect::store::Store& store,
                          const std::vector<std::filesystem::path>& paths,
                          const ImportOptions& options, const Task& task = {});

}  // namespace emdyn::pipeline
