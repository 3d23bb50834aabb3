#include "emdyn/pipeline/detect_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "emdyn/collect/ingest/contract/feed.hpp"
#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/live/validation_watch.hpp"

namespace emdyn::pipeline {
namespace {

constexpr std::size_t kMostSeries = 10'000;  // Each has a detector in memory.

/// What both sinks share: names, the choice of signals, events.
class DetectSink : public collect::ingest::Sink {
 public:
  DetectSink(const detect::DetectOptions& options, std::span<const std::string> signals,
             DetectListener& listener)
      : options_(options), signals_(signals), listener_(listener) {}

  void on_run(collect::ingest::RunIndex, std::string_view name, const Json&) override {
    run_names_.emplace_back(name);
  }

  bool found() const noexcept { return found_; }

 protected:
  bool wanted(std::string_view signal) {
    const bool yes = signals_.empty() || std::ranges::find(signals_, signal) != signals_.end();
    found_ = found_ || yes;
    return yes;
  }
  std::size_t open_series(DetectedSeries about) {
    if (series_ >= kMostSeries) {
      throw DataError(
          fmt::format("more than {} series; name those to look at with --signal", kMostSeries));
    }
    listener_.on_series(series_, about);
    return series_++;
  }
  void tell_events(std::size_t series, collect::ingest::RunIndex run) {
    for (series::Event& event : events_) {
      event.run = run_names_[run];
      listener_.on_event(series, event);
    }
    events_.clear();
  }

  const detect::DetectOptions& options_;
  std::span<const std::string> signals_;
  DetectListener& listener_;
  std::vector<std::string> run_names_;
  std::vector<series::Event> events_;  // Fresh ones.

 private:
  std::size_t series_ = 0;
  bool found_ = false;
};

/// A detector for every signal.
class SeriesSink final : public DetectSink {
 public:
  using DetectSink::DetectSink;

  void on_run(collect::ingest::RunIndex run, std::string_view name,
              const Json& configuration) override {
    DetectSink::on_run(run, name, configuration);
    runs_.emplace_back();
  }
  void on_signal(collect::ingest::SignalIndex, collect::ingest::RunIndex run, std::string_view name,
                 series::Axis axis) override {
    Watched& watched = watched_.emplace_back();
    watched.run = run;
    if (!wanted(name)) return;
    RunState& state = runs_[run];
    if (!detect::has_reference(options_, name)) {
      listener_.on_warning(
          fmt::format("\"{}\" is not in the reference and is not judged", terminal_safe(name)));
      return;
    }
    watched.detector.emplace(std::string(name), axis, options_);
    watched.series = open_series({run_names_[run], std::string(name), state.series++});
    state.only = watched.series;
    if (!state.overfit && detect::watches_training(options_))
      state.overfit.emplace(detect::validation_alpha(options_));
    if (state.overfit) state.overfit->on_signal(watched.series, name, axis);
    // Rows before its first value.
    for (const double position : state.early) listener_.on_empty_row(watched.series, position);
    state.early = {};
  }
  void on_point(collect::ingest::SignalIndex signal, double position, double value,
                double) override {
    Watched& watched = watched_[signal];
    if (!watched.detector) return;
    runs_[watched.run].got_point = true;
    const detect::Scored sample = watched.detector->push(position, value, events_);
    auto& overfit = runs_[watched.run].overfit;
    if (overfit) overfit->push(watched.series, position, value, events_);
    listener_.on_sample(watched.series, sample, nullptr);
    if (!events_.empty()) tell_events(watched.series, watched.run);
  }
  void on_row(collect::ingest::RunIndex run, double position) override {
    RunState& state = runs_[run];
    if (!std::exchange(state.got_point, false)) {
      if (state.series == 0) state.early.push_back(position);
      if (state.series == 1) listener_.on_empty_row(state.only, position);
    }
  }

 private:
  struct Watched {
    collect::ingest::RunIndex run = 0;
    std::size_t series = 0;
    std::optional<detect::SeriesDetector> detector;  // Absent: not asked for.
  };
  struct RunState {
    std::size_t series = 0;
    std::size_t only = 0;       // The series, while there is one.
    std::vector<double> early;  // Positions of rows before the first series.
    bool got_point = false;     // In the row at hand.
    std::optional<detect::ValidationWatch> overfit{};
  };
  std::vector<Watched> watched_;
  std::vector<RunState> runs_;
};

/// A detector of rows for every run.
class RowsSink final : public DetectSink {
 public:
  using DetectSink::DetectSink;

  void on_run(collect::ingest::RunIndex run, std::string_view name,
              const Json& configuration) override {
    DetectSink::on_run(run, name, configuration);
    runs_.emplace_back();
  }
  void on_signal(collect::ingest::SignalIndex, collect::ingest::RunIndex run, std::string_view name,
                 series::Axis axis) override {
    Channel& channel = channels_.emplace_back();
    channel.run = run;
    if (!wanted(name)) return;
    RunState& state = runs_[run];
    if (!state.detector) {
      state.detector.emplace(axis, options_);
      for (const double position : state.early) push(run, position);
      state.early = {};
    }
    channel.slot = state.detector->add_channel(std::string(name));
    if (!channel.slot && options_.reference && options_.reference->samples == 0) {
      listener_.on_warning(
          fmt::format("\"{}\" is not in the reference and is not judged", terminal_safe(name)));
    } else if (!channel.slot) {
      listener_.on_warning(fmt::format(
          "channel \"{}\" appears after {} rows and is not watched; name the channels to watch "
          "with --signal",
          terminal_safe(name), detect::RowDetector::kRowsToMeet));
    }
  }
  void on_point(collect::ingest::SignalIndex signal, double, double value, double) override {
    const Channel& channel = channels_[signal];
    if (!channel.slot || not_rows_) return;
    auto& row = runs_[channel.run].row;
    const auto twice = std::ranges::find(row, *channel.slot, &detect::ChannelValue::channel);
    if (twice == row.end()) {
      row.push_back({*channel.slot, value});
    } else if (any_row_) {
      twice->value = value;
    } else {
      not_rows_ = true;
    }
  }
  void on_row(collect::ingest::RunIndex run, double position) override {
    any_row_ = true;
    RunState& state = runs_[run];
    if (!state.detector) {
      state.early.push_back(position);
      return;
    }
    push(run, position);
  }

 private:
  struct Channel {
    collect::ingest::RunIndex run = 0;
    std::optional<std::size_t> slot{};  // Absent: not watched.
  };
  struct RunState {
    std::optional<detect::RowDetector> detector;
    std::optional<std::size_t> series{};  // Opened by the first row.
    std::vector<detect::ChannelValue> row;
    std::vector<double> early;  // Positions of rows before the first channel.
  };
  void push(collect::ingest::RunIndex run, double position) {
    RunState& state = runs_[run];
    if (!state.series) state.series = open_series({run_names_[run], "row", 0});
    const detect::Scored sample = state.detector->push(position, state.row, events_);
    state.row.clear();
    listener_.on_sample(*state.series, sample, &*state.detector);
    if (!events_.empty()) tell_events(*state.series, run);
  }
  std::vector<Channel> channels_;
  std::vector<RunState> runs_;
  bool any_row_ = false;
  bool not_rows_ = false;  // Points of one channel came twice, and no row between them.
};

void announce(const series::Run& run, collect::ingest::RunIndex index,
              collect::ingest::SignalIndex& next, DetectSink& sink) {
  sink.on_run(index, run.info.id.empty() ? run.info.name : run.info.id, run.info.configuration);
  for (const series::Signal& signal : run.signals) {
    sink.on_signal(next++, index, signal.name, signal.axis);
  }
}

void replay_series(const std::vector<series::Run>& runs, SeriesSink& sink, const Task& task) {
  collect::ingest::SignalIndex next = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    collect::ingest::SignalIndex signal = next;
    announce(runs[i], static_cast<collect::ingest::RunIndex>(i), next, sink);
    for (const series::Signal& each : runs[i].signals) {
      for (std::size_t k = 0; k < each.size() && !task.stopped(); ++k) {
        sink.on_point(signal, each.positions[k], each.values[k], collect::ingest::kNoTime);
      }
      ++signal;
    }
  }
}

/// Where the next point of a signal lies: its segment, then its position.
struct Cursor {
  std::size_t at = 0;
  std::size_t segment = 0;
};

/// One row for every position that any signal has, segment by segment.
void replay_rows(const series::Run& run, collect::ingest::RunIndex index,
                 collect::ingest::SignalIndex first, RowsSink& sink, const Task& task) {
  using Place = std::pair<std::size_t, double>;
  std::vector<Cursor> cursors(run.signals.size());
  const auto place = [&](std::size_t i) -> std::optional<Place> {
    const series::Signal& signal = run.signals[i];
    Cursor& cursor = cursors[i];
    if (cursor.at >= signal.size()) return std::nullopt;
    const auto& starts = signal.segments;
    while (cursor.segment + 1 < starts.size() && starts[cursor.segment + 1] <= cursor.at) {
      ++cursor.segment;
    }
    return Place{cursor.segment, signal.positions[cursor.at]};
  };
  while (!task.stopped()) {
    std::optional<Place> nearest;
    for (std::size_t i = 0; i < cursors.size(); ++i) {
      const auto here = place(i);
      if (here && (!nearest || *here < *nearest)) nearest = here;
    }
    if (!nearest) return;
    for (std::size_t i = 0; i < cursors.size(); ++i) {
      if (place(i) != nearest) continue;
      const auto signal = static_cast<collect::ingest::SignalIndex>(first + i);
      sink.on_point(signal, nearest->second, run.signals[i].values[cursors[i].at++],
                    collect::ingest::kNoTime);
    }
    sink.on_row(index, nearest->second);
  }
}

void replay_rows(const std::vector<series::Run>& runs, RowsSink& sink, const Task& task) {
  collect::ingest::SignalIndex next = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const collect::ingest::SignalIndex first = next;
    const auto index = static_cast<collect::ingest::RunIndex>(i);
    announce(runs[i], index, next, sink);
    replay_rows(runs[i], index, first, sink, task);
  }
}

/// Keeps what a file holds until it is read whole: only then is it known whether positions go back.
/// What never ends is passed on as it comes once it is too much to keep.
class Recording final : public collect::ingest::Sink {
 public:
  explicit Recording(DetectSink& target) : target_(target) {}

  void on_run(collect::ingest::RunIndex run, std::string_view name, const Json&) override {
    series::Run& made = runs_.emplace_back();
    made.info.name = std::string(name);
    add({Kind::run, run, 0.0, 0.0});
  }
  void on_signal(collect::ingest::SignalIndex signal, collect::ingest::RunIndex run,
                 std::string_view name, series::Axis axis) override {
    auto& signals = runs_[run].signals;
    places_.push_back({run, signals.size(), -HUGE_VAL});
    signals.push_back({.name = std::string(name), .axis = axis});
    add({Kind::signal, signal, 0.0, 0.0});
  }
  void on_point(collect::ingest::SignalIndex signal, double position, double value,
                double) override {
    Place& place = places_[signal];
    goes_back_ = goes_back_ || position < place.last;
    place.last = position;
    add({Kind::point, signal, position, value});
  }
  void on_row(collect::ingest::RunIndex run, double position) override {
    rows_ = true;
    add({Kind::row, run, position, 0.0});
  }

  bool has_rows() const noexcept { return rows_; }
  /// True when signals have to be put in order first.
  bool goes_back() const noexcept { return goes_back_ && !streaming_; }
  bool too_long() const noexcept { return goes_back_ && streaming_; }
  void replay(const Task& task) {
    for (const Op& op : ops_) {
      if (task.stopped()) return;
      pass(op);
    }
    ops_ = {};
  }
  /// The runs, each signal with the segments it was logged in.
  std::vector<series::Run> take_runs() {
    for (const Op& op : ops_) {
      if (op.kind != Kind::point) continue;
      const Place& place = places_[op.index];
      runs_[place.run].signals[place.signal].append(op.position, op.value);
    }
    ops_ = {};
    return std::move(runs_);
  }

 private:
  enum class Kind : std::uint8_t { run, signal, point, row };
  struct Op {
    Kind kind;
    std::uint32_t index;
    double position;
    double value;
  };
  struct Place {
    collect::ingest::RunIndex run;
    std::size_t signal;
    double last;
  };
  void add(const Op& op) {
    if (streaming_) return pass(op);
    ops_.push_back(op);
    if (ops_.size() < kMostKept) return;
    for (const Op& kept : std::exchange(ops_, {})) pass(kept);
    streaming_ = true;
  }
  void pass(const Op& op) {
    switch (op.kind) {
      case Kind::run:
        return target_.on_run(op.index, runs_[op.index].info.name, Json());
      case Kind::signal: {
        const Place& place = places_[op.index];
        const series::Signal& signal = runs_[place.run].signals[place.signal];
        return target_.on_signal(op.index, place.run, signal.name, signal.axis);
      }
      case Kind::point:
        return target_.on_point(op.index, op.position, op.value, collect::ingest::kNoTime);
      case Kind::row:
        return target_.on_row(op.index, op.position);
    }
  }

  static constexpr std::size_t kMostKept = std::size_t{16} << 20;  // 400 MB.

  DetectSink& target_;
  std::vector<series::Run> runs_;
  std::vector<Place> places_;
  std::vector<Op> ops_;
  bool goes_back_ = false;
  bool rows_ = false;
  bool streaming_ = false;
};

/// Counts what the runs hold into the reading.
void count_runs(const std::vector<series::Run>& runs, Reading& reading) {
  reading.runs = runs.size();
  reading.signals = 0;
  reading.points = 0;
  for (const series::Run& run : runs) {
    reading.signals += run.signals.size();
    for (const series::Signal& signal : run.signals) reading.points += signal.size();
  }
}

}  // namespace

std::uint64_t detect_source(const Source& source, const detect::DetectOptions& options,
                            std::span<const std::string> signals, DetectListener& listener,
                            const Task& task, Reading* reading) {
  detect::check_options(options);  // Before work begins.
  Reading here;
  const bool rows = detect::takes_rows(options.detector);
  SeriesSink series_sink(options, signals, listener);
  RowsSink rows_sink(options, signals, listener);
  DetectSink& sink = rows ? static_cast<DetectSink&>(rows_sink) : series_sink;
  const auto replay_runs = [&](const std::vector<series::Run>& runs) {
    rows ? replay_rows(runs, rows_sink, task) : replay_series(runs, series_sink, task);
  };
  if (is_path(source.text)) {
    Recording recording(sink);
    here.read = collect::ingest::read(source.text, recording, source.read, task);
    here.runs = here.read.runs;
    here.signals = here.read.signals;
    here.points = here.read.points;
    if (recording.too_long()) {
      listener.on_warning(
          fmt::format("{}: steps go back in a file too long to be put in order: it "
                      "is judged as it comes",
                      terminal_safe(source.text)));
    }
    const bool in_order = !recording.goes_back() || !source.whole_history;
    if (in_order && (!rows || recording.has_rows())) {
      recording.replay(task);
    } else {
      auto runs = recording.take_runs();
      for (series::Run& run : runs) {
        if (source.whole_history) here.history += series::make_whole(run);
      }
      count_runs(runs, here);
      replay_runs(runs);
    }
  } else {
    try {
      replay_runs(load_runs(source, task, &here));
    } catch (const Task::Stopped&) {
    }
  }
  if (!sink.found() && !task.stopped()) {
    throw DataError(fmt::format("{}: no such signal here", terminal_safe(source.text)));
  }
  const std::uint64_t skipped = here.read.skipped_rows;
  if (reading != nullptr) *reading = std::move(here);
  return skipped;
}

}  // namespace emdyn::pipeline
