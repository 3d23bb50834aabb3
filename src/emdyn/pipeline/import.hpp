#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::pipeline {

/// Samples of one import that the default detector watches; some four seconds of a core. Imports of more are watched
/// by detect::kWatch without a search for seasons, at a twentieth of the cost (decision 0220).
inline constexpr std::uint64_t kMostSamplesByDefault = 200'000;

struct ImportOptions {
  collect::ingest::ReadOptions read{};
  collect::monitor::RecorderOptions recorder{};
  /// Given: an import of more samples is watched by the same options with the detector kWatch, from its first sample.
  std::optional<std::uint64_t> most_samples{};
  std::function<void(std::string_view)> on_warning{};
  bool again = false;  ///< Every file makes new runs, also one that was read before.
};

struct ImportResult {
  std::vector<std::string> run_ids{};  ///< New ones and those that were there.
  collect::ingest::ReadReport read{};  ///< Its points are the new ones.
  std::uint64_t events = 0;            ///< New ones.
  std::size_t known_runs = 0;          ///< Runs that were there, and have grown or not.
  bool cheaper = false;  ///< There were more than most_samples in some path and those after it.
  bool interrupted = false;
  double seconds = 0.0;
};

/// {runs, known_runs, signals, points, nonfinite, events, missing_cells, …, run_ids, seconds, sources,
/// warnings, detector}
Json import_json(const ImportResult& result, const ImportOptions& options);

/// Reads files and folders into a store, each run watched by detectors on its way. A file that was read before, by an
/// import or a watch, goes on where that one ended: what it has more is added to its runs, and nothing is doubled.
///
/// All or nothing, over all paths together: a file that cannot be read throws DataError naming it, and no new run is
/// made, so that it can simply be repeated; the same holds when the disk is full (StoreError), and through the end of
/// the process at any moment. Runs that were there already are added to one by one, each in one step. Stopped by
/// `task`: what was read is kept, its runs are `interrupted`; where writing them takes longer than .7 s nothing is.
/// @throws Task::Stopped then.
ImportResult import_files(collect::store::Store& store,
                          const std::vector<std::filesystem::path>& paths,
                          const ImportOptions& options, const Task& task = {});

}  // namespace emdyn::pipeline
