#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  /// Asked between looks, some twenty times a second: true ends the watch as when it is idle. May be empty.
  std::function<bool()> enough{};
  /// Live forecasts of every run; absent: none are made.
  std::optional<LiveForecastOptions> forecast{};
};

/// How a watch went.
struct WatchMetrics {
  double seconds = 0.0;  ///< That it took.
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  ///< Read.
  std::uint64_t syncs = 0;
  std::optional<double> last_sync{};  ///< Seconds since the epoch.
  /// From a write to a file until its points were acknowledged: of the last such, and the longest; in seconds. Of files
  /// that were written to since the watch began.
  std::optional<double> lag{};
  std::optional<double> most_lag{};
  std::uint64_t dropped_lines = 0;  ///< Malformed or half written, and passed over.
  std::uint64_t pending_bytes =
      0;                     ///< Of last lines that have not ended: the next watch reads them.
  std::uint64_t errors = 0;  ///< Files that could not be read and refusals of the disk.
};

struct WatchResult {
  std::uint64_t points = 0;
  std::uint64_t events = 0;
  std::vector<std::string> run_ids{};
  WatchMetrics metrics{};
};

/// Names equal the C++ names; `run_ids` apart, which may be many.
void to_json(Json& json, const WatchMetrics& metrics);
/// {"watch": {points, events, runs, and the metrics}}.
Json watch_json(const WatchResult& result);
/// One line for people: "12 files, 3 MB in 60 s; lag 0.2 s (at most 0.5 s), last sync 0.1 s ago, …".
std::string metrics_line(const WatchMetrics& metrics);

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
