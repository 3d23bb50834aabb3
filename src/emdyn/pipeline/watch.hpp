#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <string_view>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/collect/store/store.hpp"

namespace emdyn::pipeline {

struct WatchOptions {
  collect::ingest::ReadOptions read{};
  collect::monitor::RecorderOptions recorder{};
  double poll_seconds = 0.5;                ///< Between looks at the files, > 0.
  double idle_seconds = 0.0;                ///< Ends after so long without a point; 0: never.
  const std::atomic<bool>* stop = nullptr;  ///< Ctrl-C ends the watch.
  collect::monitor::OnEvent on_event{};
  std::function<void(std::string_view)> on_warning{};
  /// After each look that found points, when they are acknowledged on disk.
  std::function<void(std::uint64_t points, std::size_t runs)> on_progress{};
};

struct WatchResult {
  std::uint64_t points = 0;
  std::uint64_t events = 0;
  std::vector<std::string> run_ids{};
};

/// Follows a file or a folder of logs into a store until it is stopped or idle. Points are
/// acknowledged after each look, so what was shown survives the end of the process however it
/// comes.
/// @throws DataError for a file that cannot be read, StoreError when the store fails.
WatchResult watch(collect::store::Store& store, const std::filesystem::path& path,
                  const WatchOptions& options);

}  // namespace emdyn::pipeline
