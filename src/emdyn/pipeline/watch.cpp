#include "emdyn/pipeline/watch.hpp"

#include <chrono>
#include <thread>

#include "emdyn/collect/ingest/tailer.hpp"
#include "emdyn/pipeline/run_sink.hpp"

namespace emdyn::pipeline {
namespace {

using Clock = std::chrono::steady_clock;

/// Sleeps in short pieces, so that Ctrl-C is noticed at once.
void rest(double seconds, const Task& task) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(seconds));
  while (!task.stopped() && Clock::now() < end) {
    std::this_thread::sleep_for(
        std::min<Clock::duration>(std::chrono::milliseconds(20), end - Clock::now()));
  }
}

}  // namespace

WatchResult watch(collect::store::Store& store, const std::filesystem::path& path,
                  const WatchOptions& options, const Task& task) {
  RunSink::Options sink_options;
  sink_options.recorder = options.recorder;
  sink_options.source = path.string();
  sink_options.on_event = options.on_event;
  sink_options.on_warning = options.on_warning;
  if (options.forecast) {
    sink_options.observe = [&](const Json& configuration) {
      return std::make_unique<LiveForecast>(*options.forecast, configuration);
    };
  }
  RunSink sink(store, std::move(sink_options));
  collect::ingest::Tailer tailer(path, options.read, Json(), task);
  auto last_point = Clock::now();
  const auto look = [&] {
    const std::uint64_t fresh = tailer.poll(sink);
    if (fresh == 0) return false;
    sink.sync();
    last_point = Clock::now();
    task.tell({"watching", sink.points(), 0, "points"});
    return true;
  };
  while (!task.stopped()) {
    if (look()) continue;
    if (options.once) break;
    const double idle = std::chrono::duration<double>(Clock::now() - last_point).count();
    if (options.idle_seconds > 0 && idle >= options.idle_seconds) break;
    rest(options.poll_seconds, task);
  }
  tailer.finish(sink);
  sink.finish(task.stopped() ? series::RunStatus::interrupted : series::RunStatus::finished);
  return {sink.points(), sink.events(), sink.run_ids()};
}

}  // namespace emdyn::pipeline
