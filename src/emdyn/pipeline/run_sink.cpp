#include "emdyn/pipeline/run_sink.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace emdyn::pipeline {
namespace {

constexpr std::uint64_t kProgressPoints = 8192;
constexpr std::size_t kMostWatched = 10'000;  // 160 KB each with the largest detector.

}  // namespace

RunSink::RunSink(collect::store::Store& store, Options options)
    : store_(store), options_(std::move(options)) {
  if (!options_.recorder.on_warning) options_.recorder.on_warning = options_.on_warning;
}

collect::monitor::RunRecorder& RunSink::opened(std::uint32_t run) {
  used_[run] = points_;
  collect::monitor::RunRecorder& recorder = *runs_[run];
  if (recorder.is_open()) return recorder;
  if (open_ >= options_.open_runs) {
    std::size_t idle = runs_.size();
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (i != run && runs_[i]->is_open() && (idle == runs_.size() || used_[i] < used_[idle]))
        idle = i;
    }
    runs_[idle]->close();
    --open_;
  }
  recorder.reopen(store_);
  ++open_;
  return recorder;
}

void RunSink::on_run(collect::ingest::RunIndex run, std::string_view name,
                     const Json& configuration) {
  series::RunInfo info;
  info.name = name;
  info.configuration = configuration;
  info.source = options_.source;
  runs_.resize(std::max<std::size_t>(runs_.size(), run + 1));
  used_.resize(runs_.size());
  configurations_.resize(runs_.size());
  configurations_[run] = configuration;
  runs_[run] = std::make_unique<collect::monitor::RunRecorder>(
      store_.create(info, options_.creation), options_.recorder, options_.on_event);
  if (options_.observe) runs_[run]->observe(options_.observe(configuration));
  if (open_ >= options_.open_runs) {
    runs_[run]->close();  // Taken up again, in place of the longest idle run, when its points come.
  } else {
    ++open_;
  }
}

void RunSink::on_signal(collect::ingest::SignalIndex signal, collect::ingest::RunIndex run,
                        std::string_view name, series::Axis axis) {
  signals_.resize(std::max<std::size_t>(signals_.size(), signal + 1));
  const bool watched = announced_ < kMostWatched;
  signals_[signal] = {run, opened(run).add_signal(name, axis, watched)};
  if (announced_++ == kMostWatched && options_.recorder.detect) {
    on_warning("more than 10000 signals; the rest is stored and not watched by detectors");
  }
}

void RunSink::on_point(collect::ingest::SignalIndex signal, double position, double value,
                       double seconds) {
  const Target target = signals_[signal];
  collect::monitor::RunRecorder& recorder = opened(target.run);
  recorder.push(target.signal, position, value,
                std::isfinite(seconds) ? std::optional<double>(seconds) : std::nullopt);
  if (++points_ % kProgressPoints == 0) options_.task.tell({"reading", points_, 0, "points"});
}

void RunSink::on_row(collect::ingest::RunIndex run, double position) {
  opened(run).end_row(position);
}

void RunSink::on_configuration(collect::ingest::RunIndex run, const Json& configuration) {
  configurations_[run].update(configuration);
  opened(run).set_configuration(configurations_[run]);
}

void RunSink::on_warning(std::string_view text) {
  if (options_.on_warning) options_.on_warning(text);
}

void RunSink::sync() {
  for (const auto& recorder : runs_) {
    if (recorder->is_open() && recorder->unsynced()) recorder->sync();
  }
}

void RunSink::finish(series::RunStatus status) {
  for (std::uint32_t run = 0; run < runs_.size(); ++run) {
    collect::monitor::RunRecorder& recorder = opened(run);
    recorder.end_points();
    recorder.finish(status);
    --open_;
  }
}

std::vector<std::string> RunSink::run_ids() const {
  std::vector<std::string> ids;
  for (const auto& recorder : runs_) ids.push_back(recorder->run_id());
  return ids;
}

std::uint64_t RunSink::events() const noexcept {
  std::uint64_t events = 0;
  for (const auto& recorder : runs_) events += recorder->events();
  return events;
}

}  // namespace emdyn::pipeline
