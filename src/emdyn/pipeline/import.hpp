#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/collect/store/store.hpp"

namespace emdyn::pipeline {

struct ImportOptions {
  collect::ingest::ReadOptions read{};
  collect::monitor::RecorderOptions recorder{};
  const std::atomic<bool>* stop =
      nullptr;  ///< Ctrl-C: what was read is kept, runs are `interrupted`.
  std::function<void(std::uint64_t points)> on_progress{};
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
/// import are removed again, so that it can simply be repeated.
ImportResult import_files(collect::store::Store& store,
                          const std::vector<std::filesystem::path>& paths,
                          const ImportOptions& options);

}  // namespace emdyn::pipeline
