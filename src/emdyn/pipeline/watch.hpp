#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/pipeline/live_forecast.hpp"

namespace emdyn::pipeline {

struct WatchOptions {
  collect::ingest::ReadOptions read{};
  collect::monitor::RecorderOptions recorder{};
  double poll_seconds = 0.5;  ///< Between looks at the files, > 0.
  double idle_seconds = 0.0;  ///< Ends after so long without a point; 0: never.
  bool once = false;          ///< Reads to the end as it is now, and ends.
  bool again = false;         ///< Makes new runs also of files that were read before.
  collect::monitor::OnEvent on_event{};
  std::function<void(std::string_view)> on_warning{};
  /// Live forecasts of every run; absent: none are made.
  std::optional<LiveForecastOptions> forecast{};
};

struct WatchResult {
  std::uint64_t points = 0;
  std::uint64_t events = 0;
  std::vector<std::string> run_ids{};
};

/// Follows a file or a folder of logs into a store until it is stopped or idle. What was told (an event to on_event) is
/// acknowledged on disk before. Points are acknowledged after each look, with how far their files were read: a watch
/// that starts again, however the one before ended, goes on from there and doubles nothing; events of which it is not
/// known that they were told are told again.
///
/// A line counts when it ends: one that has not is told as pending at the end of the watch, and read by the next.
/// A full disk does not end the watch: it warns, waits, and reads again from what is safe.
/// Told to `task` after each look that found points; stopping it ends the watch within a second: runs that could not be
/// acknowledged by then are read again next time.
/// @throws DataError for a file that cannot be read, StoreError when the store fails.
WatchResult watch(collect::store::Store& store, const std::filesystem::path& path,
                  const WatchOptions& options, const Task& task = {});

}  // namespace emdyn::pipeline
