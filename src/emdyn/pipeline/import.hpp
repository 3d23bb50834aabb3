#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "emdyn/ingest/options.hpp"
#include "emdyn/monitor/recorder.hpp"
#include "emdyn/store/store.hpp"

namespace emdyn::pipeline {

struct ImportOptions {
  ingest::ReadOptions read{};
  monitor::RecorderOptions recorder{};
  const std::atomic<bool>* stop =
      nullptr;  ///< Ctrl-C: what was read is kept, runs are `interrupted`.
  std::function<void(std::uint64_t points)> on_progress{};
  std::function<void(std::string_view)> on_warning{};
};

struct ImportResult {
  std::vector<std::string> run_ids{};
  ingest::ReadReport read{};
  std::uint64_t events = 0;
  bool interrupted = false;
  double seconds = 0.0;
};

/// {runs, signals, points, nonfinite, events, missing_cells, …, run_ids, seconds, sources,
/// warnings}
Json import_json(const ImportResult& result);

/// Reads files and folders into a store, each run watched by detectors on its way.
/// All or nothing: a file that cannot be read throws DataError naming it, and the runs of this
/// import are removed again, so that it can simply be repeated.
ImportResult import_files(store::Store& store, const std::vector<std::filesystem::path>& paths,
                          const ImportOptions& options);

}  // namespace emdyn::pipeline
