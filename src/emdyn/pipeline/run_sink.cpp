#include "emdyn/pipeline/run_sink.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "emdyn/core/error.hpp"

namespace emdyn::pipeline {
namespace {

using collect::ingest::FileIdentity;
using collect::ingest::FileIndex;
using collect::ingest::FilePlace;
using collect::ingest::kNoFile;

constexpr std::uint64_t kProgressPoints = 8192;
constexpr std::size_t kMostWatched = 10'000;
constexpr std::size_t kMostObserved = 256;
/// So many samples wait, of 32 bytes, then all cores judge them.
constexpr std::uint64_t kMostHeld = 1 << 19;
constexpr std::size_t kAllStay = static_cast<std::size_t>(-1);
/// Detectors of the default kind take some 270 KB each.
constexpr std::size_t kMostAwake = 128;
constexpr std::size_t kShareOfNew = 4;
constexpr std::chrono::seconds kWokenWindow{60};
constexpr std::uint64_t kPhasesKept = 256;
constexpr std::chrono::milliseconds kPatience{700};
/// Points after which it is asked what waits in memory, and how much may.
constexpr std::uint64_t kBoundPoints = 1 << 18;
constexpr std::size_t kMostWaiting = std::size_t{256} << 20;
constexpr std::size_t kWorthSpilling = 64 << 10;
/// An open run has three descriptors while it is written.
constexpr std::size_t kMostOpenRuns = 64;

std::size_t most_open_runs() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 8;
  return std::clamp<std::size_t>(limit.rlim_cur / 16, 2, kMostOpenRuns);
}

}  // namespace

RunSink::RunSink(collect::store::Store& store, StoredRuns& stored, Options options)
    : store_(store),
      stored_(stored),
      options_(std::move(options)),
      group_(options_.group ? options_.group : store.new_group()),
      most_awake_(kMostAwake) {
  options_.recorder.history = [this](std::string_view run, std::string_view signal,
                                     const auto& visit) {
    collect::store::Store(store_).scan(run, signal, {}, [&](const collect::store::Block& block) {
      visit(block.positions, block.values);
    });
  };
  if (!options_.recorder.on_warning) options_.recorder.on_warning = options_.on_warning;
  undecided_ = options_.recorder.detect && options_.most_judged.has_value();
}

RunSink::~RunSink() {
  for (Run& run : runs_) {
    if (run.recorder) run.recorder->abandon();
  }
}

std::optional<FilePlace> RunSink::place_of(const std::filesystem::path& file,
                                           const FileIdentity& identity) {
  return stored_.place_of(file, identity);
}

void RunSink::on_file(FileIndex file, const std::filesystem::path& path,
                      const FileIdentity& identity, bool known) {
  if (files_.size() <= file) files_.resize(file + std::size_t{1});
  files_[file] = {stored_path(path), identity, {}, known};
  for (Run& run : runs_) {
    // What was read under this number before was another file.
    for (Place& place : run.places) {
      if (place.file != file) continue;
      place.kept = {files_[file].path, identity, {}, 0};
      place.seen = 0;
    }
  }
  if (!known) return;
  for (const StoredRun* run : stored_.runs_of(path, identity)) resumable_[run->name] = run;
}

void RunSink::on_block(FileIndex file, const FilePlace& end) {
  file_ = file;
  if (file != kNoFile) files_[file].at = end;
}

/// The run goes on; its file is opened when there is something to add.
void RunSink::take_up(Run& run, const StoredRun& stored) {
  ++known_runs_;
  const auto open = [this, &stored] {
    collect::store::RunWriter writer = store_.resume(stored.id, group_);
    Json places = Json::array();
    for (const RunPlace& place : stored.places) {
      places.push_back(place);
      places.back()["run"] = stored.name;
    }
    const Json progress = store_.progress(stored.id);
    if (!progress.is_object() || progress.value("places", Json()) != places) {
      writer.abandon();
      throw StoreError(fmt::format(
          "run {} was written by another process meanwhile; start again to go on from there",
          stored.id));
    }
    return writer;
  };
  run.recorder = std::make_unique<collect::monitor::RunRecorder>(stored.id, open, options_.recorder,
                                                                 options_.on_event);
  run.recorder->replay(true);
  for (const RunPlace& place : stored.places) run.places.push_back({place, kNoFile, 0});
  std::optional<double> forecast_until;
  if (options_.observe && stored.forecasts > 0) {
    for (const series::Forecast& made : store_.forecasts(stored.id)) {
      forecast_until = std::max(made.at, forecast_until.value_or(made.at));
    }
  }
  std::vector<series::Event> events;
  if (options_.on_event && stored.told < stored.events) events = store_.events(stored.id);
  const std::uint64_t told =
      options_.on_event ? std::min<std::uint64_t>(stored.told, stored.events) : stored.events;
  run.recorder->take_up(told, std::span(events).subspan(events.empty() ? 0 : told), forecast_until);
  if (run.recorder->untold()) some_untold_ = true;
}

void RunSink::on_run(collect::ingest::RunIndex index, std::string_view name,
                     const Json& configuration) {
  if (runs_.size() <= index) runs_.resize(index + std::size_t{1});
  Run& run = runs_[index];
  run.name = name;
  run.configuration = configuration;
  const auto known = resumable_.find(run.name);
  if (known != resumable_.end()) {
    take_up(run, *known->second);
  } else {
    series::RunInfo info;
    info.name = stored_.free_name(name);
    info.configuration = configuration;
    info.source = options_.source;
    run.recorder = std::make_unique<collect::monitor::RunRecorder>(
        store_.create(info, group_), options_.recorder, options_.on_event);
    run.fresh = true;
    mark(index);
  }
  run.recorder->hold();
  if (!options_.observe) return;
  if (observed_++ < kMostObserved) {
    run.recorder->observe(options_.observe(configuration));
  } else if (observed_ == kMostObserved + 1) {
    on_warning("more than 256 runs; the rest is stored and watched, and has no live forecasts");
  }
}

void RunSink::on_signal(collect::ingest::SignalIndex signal, collect::ingest::RunIndex run,
                        std::string_view name, series::Axis axis) {
  signals_.resize(std::max<std::size_t>(signals_.size(), signal + std::size_t{1}));
  const bool watched = announced_ < kMostWatched;
  signals_[signal] = {run, runs_[run].recorder->add_signal(name, axis, watched)};
  if (announced_++ == kMostWatched && options_.recorder.detect) {
    on_warning("more than 10000 signals; the rest is stored and not watched by detectors");
  }
}

/// How far the file at hand was read into the run.
RunSink::Place* RunSink::place_now(Run& run) {
  if (file_ == kNoFile) return nullptr;
  if (run.place != kNoPlace && run.places[run.place].file == file_) return &run.places[run.place];
  const File& file = files_[file_];
  for (run.place = 0; run.place < run.places.size(); ++run.place) {
    Place& place = run.places[run.place];
    const bool same = place.file == kNoFile && file.known &&
                      (place.kept.path == file.path || place.kept.identity == file.identity);
    if (place.file != file_ && !same) continue;
    place.file = file_;
    return &place;
  }
  run.places.push_back({{file.path, file.identity, {}, 0}, file_, 0});
  return &run.places.back();
}

void RunSink::mark(std::uint32_t run) {
  if (std::exchange(runs_[run].dirty, true)) return;
  dirty_.push_back(run);
}

void RunSink::on_point(collect::ingest::SignalIndex signal, double position, double value,
                       double seconds) {
  const Target target = signals_[signal];
  Run& run = runs_[target.run];
  bool known = false;
  if (Place* place = place_now(run)) known = place->seen++ < place->kept.points;
  run.recorder->replay(known);
  run.recorder->push(target.signal, position, value,
                     std::isfinite(seconds) ? std::optional<double>(seconds) : std::nullopt);
  if (run.recorder->held() > 0) {
    if (!std::exchange(run.holds, true)) holding_.push_back(target.run);
    ++held_;
    judge_when_many();
  }
  if (known) return;
  mark(target.run);
  if (++points_ % kProgressPoints == 0) options_.task.tell({"reading", points_, 0, "points"});
  if (points_ % kBoundPoints == 0) bound_memory();
}

void RunSink::judge_when_many() {
  if (!undecided_) {
    if (held_ >= kMostHeld) judge(options_.task, kAllStay);
    return;
  }
  if (held_ <= *options_.most_judged) return;
  undecided_ = false;
  beyond_ = true;
  options_.recorder.detection = options_.beyond;
  for (Run& run : runs_) run.recorder->watch_by(options_.beyond);
}

/// Has the detectors judge what waits for them.
void RunSink::judge(const Task& task, std::size_t room, bool last) {
  undecided_ = false;
  if (held_ == 0) return;
  std::vector<collect::monitor::RunRecorder*> runs;
  for (const std::uint32_t run : holding_) {
    runs.push_back(runs_[run].recorder.get());
    runs_[run].holds = false;
  }
  holding_.clear();
  held_ = 0;
  const auto judged = collect::monitor::judge_held(runs, ++phase_, {task, room, last});
  awake_ += judged.made;
  note_woken(judged.woken);
}

/// Signals that are called back again and again do speak: there shall be room for them.
void RunSink::note_woken(std::size_t woken) {
  const auto now = std::chrono::steady_clock::now();
  if (now - woken_since_ > kWokenWindow) {
    woken_since_ = now;
    woken_ = 0;
  }
  woken_ += woken;
  if (woken_ < most_awake_ / 2) return;
  most_awake_ *= 2;
  woken_ = 0;
}

/// Everything judged is on disk: the detectors that were used longest ago can be had again.
void RunSink::let_silent_ones_go() {
  for (std::uint64_t back = kPhasesKept; awake_ > most_awake_ && back > 0; back /= 4) {
    if (phase_ <= back) continue;
    for (Run& run : runs_) awake_ -= run.recorder->let_go(phase_ - back);
  }
}

void RunSink::on_row(collect::ingest::RunIndex run, double position) {
  runs_[run].recorder->end_row(position);
}

void RunSink::on_configuration(collect::ingest::RunIndex run, const Json& configuration) {
  runs_[run].configuration.update(configuration);
  runs_[run].recorder->set_configuration(runs_[run].configuration);
  if (!runs_[run].recorder->replaying()) mark(run);
}

void RunSink::on_warning(std::string_view text) {
  if (options_.on_warning) options_.on_warning(text);
}

Json RunSink::places_of(const Run& run) const {
  Json places = Json::array();
  for (const Place& place : run.places) {
    RunPlace now = place.kept;
    // While known points pass by, what was kept is farther.
    if (place.file != kNoFile && place.seen >= now.points) {
      const File& file = files_[place.file];
      now = {file.path, file.identity, file.at, place.seen};
    }
    places.push_back(now);
    places.back()["run"] = run.name;
  }
  return places;
}

bool RunSink::is_draft(const Run& run) const { return group_->holds(run.recorder->run_id()); }

/// Commits one run, to its draft where nobody knows it yet. Its events are told by the caller.
void RunSink::write(std::uint32_t index) {
  Run& run = runs_[index];
  run.recorder->set_places(places_of(run));
  run.recorder->sync(false);
  run.dirty = false;
  is_draft(run) ? run.recorder->rest() : keep_open(index);
}

void RunSink::keep_open(std::uint32_t run) {
  static const std::size_t most = most_open_runs();
  std::erase(open_, run);
  if (!runs_[run].recorder->has_file_open()) return;
  open_.push_back(run);
  if (open_.size() <= most) return;
  runs_[open_.front()].recorder->rest();
  open_.pop_front();
}

/// Unpublished runs lay down what is compressed; the others are synced, which may be done at any point.
void RunSink::bound_memory() {
  std::size_t waiting = 0;
  for (const std::uint32_t run : dirty_) waiting += runs_[run].recorder->waiting_bytes();
  if (waiting < kMostWaiting) return;
  judge(options_.task, kAllStay);
  std::vector<std::uint32_t> still;
  for (const std::uint32_t index : std::exchange(dirty_, {})) {
    Run& run = runs_[index];
    const bool draft = is_draft(run);
    if (run.recorder->waiting_bytes() < kWorthSpilling || run.recorder->cut()) {
      still.push_back(index);
    } else if (draft) {
      run.recorder->spill();
      still.push_back(index);
    } else {
      write(index);
      run.recorder->tell();
    }
  }
  dirty_ = std::move(still);
}

void RunSink::publish() {
  if (!options_.group) group_->publish();
}

void RunSink::sync() {
  // Who speaks now has some room in any case; let_silent_ones_go makes it.
  judge(options_.task,
        std::max(most_awake_ - std::min(awake_, most_awake_), most_awake_ / kShareOfNew));
  const auto cut = [&](std::uint32_t run) { return runs_[run].recorder->cut(); };
  if (std::ranges::any_of(dirty_, cut)) return;  // It is being stopped: see stop().
  while (!dirty_.empty()) {
    if (options_.task.stopped()) return;
    write(dirty_.back());
    dirty_.pop_back();
  }
  publish();
  if (options_.group) return;
  let_silent_ones_go();
  some_untold_ = false;
  for (std::uint32_t index = 0; index < runs_.size(); ++index) {
    collect::monitor::RunRecorder& recorder = *runs_[index].recorder;
    if (!recorder.untold()) continue;
    recorder.tell();
    if (recorder.unsynced()) mark(index);
  }
}

/// Runs that appear together or not at all may be given up when it takes long to write them and nobody waits.
void RunSink::lose_patience() {
  if (!options_.group || !options_.task.stopped()) return;
  const auto now = std::chrono::steady_clock::now();
  if (!stopped_since_) stopped_since_ = now;
  if (now - *stopped_since_ > kPatience) throw Task::Stopped{};
}

void RunSink::finish(series::RunStatus status) {
  judge(options_.task, kAllStay, true);
  const auto cut = [](const Run& run) { return run.recorder->cut(); };
  if (std::ranges::any_of(runs_, cut)) {
    on_warning("stopped: what was read last is stored and was not watched by detectors");
  }
  for (std::uint32_t index = 0; index < runs_.size(); ++index) {
    Run& run = runs_[index];
    lose_patience();
    run.recorder->end_points();
    // What is told is published first; that it was told is stored with the end.
    const bool told_later = !options_.group && run.recorder->untold();
    if (told_later && (run.dirty || run.recorder->unsynced())) {
      write(index);
    } else if (is_draft(run)) {
      run.recorder->set_places(places_of(run));
      run.recorder->finish(status);
    }
  }
  publish();
  for (Run& run : runs_) {
    if (is_draft(run)) continue;
    run.recorder->tell();
    if (run.dirty || run.recorder->unsynced()) run.recorder->set_places(places_of(run));
    run.recorder->finish(status);
  }
  dirty_.clear();
  open_.clear();
}

std::size_t RunSink::stop(std::chrono::steady_clock::time_point deadline) {
  const auto late = [&] { return std::chrono::steady_clock::now() >= deadline; };
  // What cannot be judged in time is not stored either: the next reading has it.
  judge(Task{}.until(deadline - (deadline - std::chrono::steady_clock::now()) / 2), kAllStay, true);
  std::size_t left = 0;
  for (const std::uint32_t index : std::exchange(dirty_, {})) {
    if (late() || runs_[index].recorder->cut()) {
      ++left;
      runs_[index].recorder->abandon();
    } else {
      write(index);
    }
  }
  if (late()) {
    // What is not published was never acknowledged.
    for (Run& run : runs_) {
      if (!is_draft(run)) continue;
      left += run.dirty ? 0U : 1U;
      run.recorder->abandon();
    }
  } else {
    publish();
  }
  for (Run& run : runs_) {
    run.recorder->tell();
    // A run that nobody holds is an interrupted one: to say so on disk is for those who have the time.
    late() ? run.recorder->abandon() : run.recorder->finish(series::RunStatus::interrupted);
  }
  open_.clear();
  return left;
}

std::vector<std::string> RunSink::run_ids() const {
  std::vector<std::string> ids;
  for (const Run& run : runs_) ids.push_back(run.recorder->run_id());
  return ids;
}

std::uint64_t RunSink::events() const noexcept {
  std::uint64_t events = 0;
  for (const Run& run : runs_) events += run.recorder->events();
  return events;
}

}  // namespace emdyn::pipeline
