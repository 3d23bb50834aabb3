#include "emdyn/pipeline/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "emdyn/collect/ingest/tailer.hpp"
#include "emdyn/pipeline/run_sink.hpp"

namespace emdyn::pipeline {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Bytes of all files together that one look reads.
constexpr std::uint64_t kLookBytes = std::uint64_t{16} << 20;
/// While there is more to read at once, syncs take no more than about a third of the time.
constexpr double kSyncShare = 2.0;
constexpr double kMostUnsyncedSeconds = 1.0;
constexpr milliseconds kSlice{50};  // Ctrl-C is noticed within.
constexpr milliseconds kStopTime{600};
constexpr double kDiskWaitSeconds = 5.0;

Clock::time_point in_seconds(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

collect::ingest::ReadOptions read_options(const WatchOptions& options) {
  collect::ingest::ReadOptions read = options.read;
  read.finite = options.once;
  return read;
}

/// From one start to the end of the watch, or of the disk's patience.
class Session {
 public:
  Session(collect::store::Store& store, const std::filesystem::path& path,
          const WatchOptions& options, const Task& task)
      : options_(options),
        task_(task),
        stored_(store, !options.again),
        sink_(store, stored_, sink_options(path)),
        tailer_(path, read_options(options), task) {}

  WatchResult run();

 private:
  RunSink::Options sink_options(const std::filesystem::path& path) const;
  bool look();
  void sync();
  void rest();
  void end();

  const WatchOptions& options_;
  const Task& task_;
  StoredRuns stored_;
  RunSink sink_;
  collect::ingest::Tailer tailer_;
  Clock::time_point last_point_ = Clock::now();
  Clock::time_point last_sync_ = Clock::now();
  double sync_seconds_ = 0.0;  // That the last one took.
};

RunSink::Options Session::sink_options(const std::filesystem::path& path) const {
  RunSink::Options sink;
  sink.recorder = options_.recorder;
  sink.source = path.string();
  sink.on_event = options_.on_event;
  sink.on_warning = options_.on_warning;
  if (options_.forecast) {
    sink.observe = [this](const Json& configuration) {
      return std::make_unique<LiveForecast>(*options_.forecast, configuration);
    };
  }
  return sink;
}

void Session::sync() {
  const auto start = Clock::now();
  sink_.sync();
  last_sync_ = Clock::now();
  sync_seconds_ = seconds_since(start);
}

/// @return whether there was something new.
bool Session::look() {
  const std::uint64_t before = sink_.points();
  tailer_.poll(sink_, kLookBytes);
  const bool fresh = sink_.points() > before;
  if (fresh) last_point_ = Clock::now();
  const double due = std::max(kMostUnsyncedSeconds, kSyncShare * sync_seconds_);
  if (sink_.unsynced() && !task_.stopped() &&
      (!tailer_.behind() || seconds_since(last_sync_) > due)) {
    sync();
  }
  if (fresh) task_.tell({"watching", sink_.points(), 0, "points"});
  return fresh || tailer_.behind();
}

/// Until something changes or the next look is due. A writer that writes all the time is looked at ten times a second.
void Session::rest() {
  const auto until = in_seconds(options_.poll_seconds);
  while (!task_.stopped() && Clock::now() < until) {
    if (!tailer_.wait(kSlice)) continue;
    const milliseconds gather{std::min(100, static_cast<int>(options_.poll_seconds * 1000.0))};
    std::this_thread::sleep_for(gather);
    return;
  }
}

void Session::end() {
  tailer_.finish(sink_);
  if (!task_.stopped()) return sink_.finish(series::RunStatus::finished);
  const std::size_t left = sink_.stop(Clock::now() + kStopTime);
  if (left > 0 && options_.on_warning) {
    options_.on_warning(fmt::format(
        "the last points of {} runs were not stored before the stop; the next watch reads them",
        left));
  }
}

WatchResult Session::run() {
  while (!task_.stopped()) {
    if (look()) continue;
    if (options_.once) break;
    if (options_.idle_seconds > 0 && seconds_since(last_point_) >= options_.idle_seconds) break;
    rest();
  }
  end();
  return {sink_.points(), sink_.events(), sink_.run_ids()};
}

}  // namespace

WatchResult watch(collect::store::Store& store, const std::filesystem::path& path,
                  const WatchOptions& options, const Task& task) {
  std::string last_trouble;
  for (;;) {
    try {
      return Session(store, path, options, task).run();
    } catch (const collect::store::DiskError& error) {
      if (task.stopped() || options.once) throw;
      if (options.on_warning && last_trouble != error.what()) {
        options.on_warning(fmt::format("{}; trying again every {} seconds, from what is stored",
                                       error.what(), kDiskWaitSeconds));
      }
      last_trouble = error.what();
    }
    const auto until = in_seconds(kDiskWaitSeconds);
    while (!task.stopped() && Clock::now() < until) std::this_thread::sleep_for(kSlice);
    if (task.stopped()) return {};
  }
}

}  // namespace emdyn::pipeline
