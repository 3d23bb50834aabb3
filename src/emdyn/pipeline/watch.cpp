#include "emdyn/pipeline/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "emdyn/collect/ingest/tailer.hpp"
#include "emdyn/core/text.hpp"
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
constexpr milliseconds kStopTime{400};
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

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
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
  /// Adds what this session did.
  void add_to(WatchMetrics& metrics) const;

 private:
  RunSink::Options sink_options(const std::filesystem::path& path) const;
  bool look();
  void sync();
  void note_sync();
  void rest();
  bool enough() const { return options_.enough && options_.enough(); }
  void end();

  const WatchOptions& options_;
  const Task& task_;
  StoredRuns stored_;
  RunSink sink_;
  collect::ingest::Tailer tailer_;
  Clock::time_point last_point_ = Clock::now();
  Clock::time_point last_sync_ = Clock::now();
  double sync_seconds_ = 0.0;  // That the last one took.
  const double began_ = now_seconds();
  std::optional<double> unsynced_since_;  // The earliest write whose points are not acknowledged.
  WatchMetrics metrics_;
};

RunSink::Options Session::sink_options(const std::filesystem::path& path) const {
  RunSink::Options sink;
  sink.recorder = options_.recorder;
  sink.source = path.string();
  sink.on_event = options_.on_event;
  sink.on_warning = options_.on_warning;
  sink.task = task_.with({});
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
  note_sync();
}

void Session::note_sync() {
  ++metrics_.syncs;
  metrics_.last_sync = now_seconds();
  const auto written = std::exchange(unsynced_since_, {});
  if (!written || *written < began_) return;
  metrics_.lag = *metrics_.last_sync - *written;
  metrics_.most_lag = std::max(metrics_.most_lag.value_or(0.0), *metrics_.lag);
}

void Session::add_to(WatchMetrics& sum) const {
  const collect::ingest::ReadReport report = tailer_.report();
  sum.files = std::max<std::uint64_t>(sum.files, tailer_.files());
  sum.bytes += report.bytes;
  sum.syncs += metrics_.syncs;
  if (metrics_.last_sync) sum.last_sync = metrics_.last_sync;
  if (metrics_.lag) sum.lag = metrics_.lag;
  if (metrics_.most_lag) sum.most_lag = std::max(sum.most_lag.value_or(0.0), *metrics_.most_lag);
  sum.dropped_lines += report.skipped_rows + report.torn_rows;
  sum.pending_bytes = tailer_.pending_bytes();
  sum.errors += tailer_.errors();
}

/// @return whether there was something new.
bool Session::look() {
  const std::uint64_t before = sink_.points();
  tailer_.poll(sink_, kLookBytes);
  if (const auto written = tailer_.take_oldest_write()) {
    unsynced_since_ = std::min(unsynced_since_.value_or(*written), *written);
  }
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
  while (!task_.stopped() && !enough() && Clock::now() < until) {
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
        "the last points of {} were not stored before the stop; the next watch reads them",
        counted(left, "run")));
  }
}

WatchResult Session::run() {
  while (!task_.stopped()) {
    const bool more = look();
    if (enough() && !options_.once) break;
    if (more) continue;
    if (options_.once) break;
    if (options_.idle_seconds > 0 && seconds_since(last_point_) >= options_.idle_seconds) break;
    rest();
  }
  end();
  note_sync();
  return {sink_.points(), sink_.events(), sink_.run_ids(), {}};
}

}  // namespace

void to_json(Json& json, const WatchMetrics& metrics) {
  json = Json{{"seconds", metrics.seconds},
              {"files", metrics.files},
              {"bytes", metrics.bytes},
              {"syncs", metrics.syncs},
              {"last_sync", number_or_null(metrics.last_sync)},
              {"lag", number_or_null(metrics.lag)},
              {"most_lag", number_or_null(metrics.most_lag)},
              {"dropped_lines", metrics.dropped_lines},
              {"pending_bytes", metrics.pending_bytes},
              {"errors", metrics.errors}};
}

Json watch_json(const WatchResult& result) {
  Json told{{"points", result.points}, {"events", result.events}, {"runs", result.run_ids.size()}};
  told.update(Json(result.metrics));
  return Json{{"watch", std::move(told)}};
}

std::string metrics_line(const WatchMetrics& metrics) {
  std::string text = fmt::format("{}, {:.1f} MB in {:.0f} s", counted(metrics.files, "file"),
                                 static_cast<double>(metrics.bytes) / 1e6, metrics.seconds);
  if (metrics.lag) {
    text += fmt::format("; lag {:.2f} s, at most {:.2f} s", *metrics.lag,
                        metrics.most_lag.value_or(*metrics.lag));
  }
  if (metrics.last_sync) {
    text += fmt::format("; last of {} {:.1f} s ago", counted(metrics.syncs, "sync"),
                        std::max(0.0, now_seconds() - *metrics.last_sync));
  }
  return text + fmt::format("; {} dropped, {} pending, {}", counted(metrics.dropped_lines, "line"),
                            counted(metrics.pending_bytes, "byte"),
                            counted(metrics.errors, "error"));
}

WatchResult watch(collect::store::Store& store, const std::filesystem::path& path,
                  const WatchOptions& options, const Task& task) {
  std::string last_trouble;
  WatchMetrics metrics;
  const auto start = Clock::now();
  for (;;) {
    try {
      Session session(store, path, options, task);
      const auto add = [&] { session.add_to(metrics); };
      try {
        WatchResult result = session.run();
        add();
        metrics.seconds = seconds_since(start);
        result.metrics = metrics;
        return result;
      } catch (const collect::store::DiskError&) {
        add();
        throw;
      }
    } catch (const collect::store::DiskError& error) {
      ++metrics.errors;
      if (task.stopped() || options.once) throw;
      if (options.on_warning && last_trouble != error.what()) {
        options.on_warning(fmt::format("{}; trying again every {} seconds, from what is stored",
                                       error.what(), kDiskWaitSeconds));
      }
      last_trouble = error.what();
    }
    const auto until = in_seconds(kDiskWaitSeconds);
    while (!task.stopped() && Clock::now() < until) std::this_thread::sleep_for(kSlice);
    if (task.stopped()) {
      metrics.seconds = seconds_since(start);
      return {0, 0, {}, metrics};
    }
  }
}

}  // namespace emdyn::pipeline
