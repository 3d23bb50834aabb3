#include "emdyn/collect/monitor/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::monitor {
namespace {

constexpr std::size_t kSamplesBetweenStops = 512;  // Some ten milliseconds of the default detector.
constexpr std::uint64_t kMostReplayed = 4096;      // Some eighty.

}  // namespace

RunRecorder::RunRecorder(collect::store::RunWriter writer, const RecorderOptions& options,
                         OnEvent on_event)
    : writer_(std::move(writer)),
      options_(options),
      on_event_(std::move(on_event)),
      run_id_(writer_->id()) {
  check_options();
}

RunRecorder::RunRecorder(std::string run_id, OpenRun open, const RecorderOptions& options,
                         OnEvent on_event)
    : open_run_(std::move(open)),
      options_(options),
      on_event_(std::move(on_event)),
      run_id_(std::move(run_id)) {
  check_options();
}

void RunRecorder::check_options() {
  if (options_.false_discovery_rate != 0.0) gate_.emplace(options_.false_discovery_rate);
  if (!options_.detect) return;
  detect::check_options(options_.detection);
  if (detect::takes_rows(options_.detection.detector)) rows_.emplace();
  if (detect::watches_training(options_.detection))
    overfit_.emplace(detect::validation_alpha(options_.detection));
}

collect::store::RunWriter& RunRecorder::writer() {
  if (!writer_) writer_.emplace(open_run_());
  return *writer_;
}

template <class Call>
void RunRecorder::ask_observer(Call call) {
  if (!observer_) return;
  try {
    call(*observer_);
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& error) {
    observer_.reset();
    if (options_.on_warning) {
      options_.on_warning(fmt::format("an observer of run {} failed and is switched off: {}",
                                      run_id_, terminal_safe(error.what())));
    }
  }
}

std::uint32_t RunRecorder::add_signal(std::string_view name, series::Axis axis, bool watched) {
  if (const auto known = numbers_.find(std::string(name)); known != numbers_.end()) {
    if (watched_[known->second].axis == axis) return known->second;
    throw ConfigError(fmt::format("signal \"{}\" counts in {} already, it cannot count in {}",
                                  terminal_safe(name), word(watched_[known->second].axis),
                                  word(axis)));
  }
  Watched fresh{std::string(name), axis};
  if (writer_) fresh.stored = writer_->add_signal(name, axis);
  const auto signal = static_cast<std::uint32_t>(watched_.size());
  watched_.push_back(std::move(fresh));
  numbers_.emplace(name, signal);
  if (options_.detect && watched) watch_signal(watched_.back());
  if (overfit_ && watched) overfit_->on_signal(signal, name, axis);
  ask_observer([&](RunObserver& observer) { observer.on_signal(signal, name, axis); });
  return signal;
}

void RunRecorder::watch_signal(Watched& watched) {
  watched.followed = !rows_;
  if (!rows_) return;
  if (!rows_->detector) {
    rows_->detector.emplace(watched.axis, options_.detection);
    for (const double position : std::exchange(rows_->early, {})) judge_row(position);
  }
  watched.channel = rows_->detector->add_channel(watched.name);
  if (!watched.channel && options_.on_warning) {
    options_.on_warning(fmt::format("channel \"{}\" appears after {} rows and is not watched",
                                    terminal_safe(watched.name), detect::RowDetector::kRowsToMeet));
  }
}

void RunRecorder::push(std::uint32_t signal, double position, double value,
                       std::optional<double> seconds) {
  Watched& watched = watched_[signal];
  if (!replaying_) {
    if (!watched.stored) watched.stored = writer().add_signal(watched.name, watched.axis);
    writer_->append(*watched.stored, position, value, seconds);
    unsynced_ = true;
    ++points_;
    if (!std::isfinite(value)) ++nonfinite_;
  }
  if (watched.followed) {
    follow(signal, position, value);
  } else if (watched.channel) {
    add_to_row(*watched.channel, position, value);
  }
  ask_observer([&](RunObserver& observer) { observer.on_point(signal, position, value, *this); });
}

detect::SeriesDetector& RunRecorder::detector_of(Watched& watched) const {
  if (!watched.detector) watched.detector.emplace(watched.name, watched.axis, options_.detection);
  return *watched.detector;
}

void RunRecorder::follow(std::uint32_t signal, double position, double value) {
  const std::uint64_t order = samples_++;
  fresh_.clear();
  if (!holds_) {
    const detect::Scored scored = detector_of(watched_[signal]).push(position, value, fresh_);
    if (overfit_) overfit_->push(signal, position, value, fresh_);
    return take_events(signal, scored);
  }
  watched_[signal].held.push_back({position, value, order, replaying_});
  ++held_;
  if (!overfit_) return;
  overfit_->push(signal, position, value, fresh_);
  if (replaying_) return;
  for (series::Event& event : fresh_) found_by_pairs_.push_back({order, std::move(event)});
}

void RunRecorder::watch_by(const detect::DetectOptions& detection) {
  options_.detection = detection;
  rows_.reset();
  overfit_.reset();
  found_by_pairs_.clear();
  check_options();
}

/// Whether the detector of the signal can be had again without long work.
bool RunRecorder::replayable(const Watched& watched) const noexcept {
  return options_.history && watched.seen + watched.held.size() <= kMostReplayed;
}

/// Brings a new detector to where the old one was: the same samples in the same order.
void RunRecorder::wake(Watched& watched) const {
  detect::SeriesDetector& detector = detector_of(watched);
  std::uint64_t left = watched.seen;
  std::vector<series::Event> told_before;
  options_.history(run_id_, watched.name,
                   [&](std::span<const double> positions, std::span<const double> values) {
                     for (std::size_t i = 0; i < positions.size() && left > 0; ++i, --left) {
                       detector.push(positions[i], values[i], told_before);
                       told_before.clear();
                     }
                   });
}

/// Of several signals at the same time. @return whether the detector had to be made again.
bool RunRecorder::judge_signal(std::uint32_t signal, const Task& task) {
  Watched& watched = watched_[signal];
  const bool woken = !watched.detector && watched.seen > 0;
  if (woken) wake(watched);
  detect::SeriesDetector& detector = detector_of(watched);
  std::vector<series::Event> fresh;
  std::size_t judged = 0;
  for (const Sample& sample : watched.held) {
    if (judged % kSamplesBetweenStops == 0 && task.stopped()) break;
    ++judged;
    fresh.clear();
    detector.push(sample.position, sample.value, fresh);
    if (sample.known) continue;
    for (series::Event& event : fresh) watched.found.push_back({sample.order, std::move(event)});
  }
  watched.seen += judged;
  // Of thousands of signals, each that once had many must not keep the room for them.
  if (judged == watched.held.size()) std::vector<Sample>().swap(watched.held);
  if (!watched.keeps) watched.detector.reset();
  return woken;
}

void RunRecorder::take_found() {
  std::vector<Found> all;
  for (Watched& watched : watched_) {
    std::ranges::move(watched.found, std::back_inserter(all));
    watched.found.clear();
    if (watched.held.empty()) continue;
    cut_ = true;
    std::vector<Sample>().swap(watched.held);
  }
  // Behind what a signal's own detector found of the same sample.
  std::ranges::move(std::exchange(found_by_pairs_, {}), std::back_inserter(all));
  std::ranges::stable_sort(all, {}, &Found::order);
  const bool was_replaying = std::exchange(replaying_, false);  // What is found is of new points.
  for (Found& found : all) take_event(std::move(found.event));
  replaying_ = was_replaying;
  held_ = 0;
}

std::size_t RunRecorder::let_go(std::uint64_t before) noexcept {
  std::size_t gone = 0;
  for (Watched& watched : watched_) {
    if (!watched.detector || watched.phase > before || !replayable(watched)) continue;
    watched.detector.reset();
    ++gone;
  }
  return gone;
}

Judged judge_held(std::span<RunRecorder* const> runs, std::uint64_t phase,
                  const JudgeOptions& options) {
  struct Part {
    RunRecorder* run;
    std::uint32_t signal;
  };
  std::vector<Part> parts;
  Judged judged;
  for (RunRecorder* const run : runs) {
    if (run->held_ == 0) continue;
    for (std::uint32_t signal = 0; signal < run->watched_.size(); ++signal) {
      RunRecorder::Watched& watched = run->watched_[signal];
      if (watched.held.empty()) continue;
      parts.push_back({run, signal});
      watched.phase = phase;
      const bool awake = watched.detector.has_value();
      watched.keeps =
          !options.last && (awake || judged.made < options.room || !run->replayable(watched));
      if (watched.keeps && !awake) ++judged.made;
    }
  }
  std::atomic<std::size_t> woken{0};
  parallel_for(parts.size(), [&](std::size_t i) {
    if (parts[i].run->judge_signal(parts[i].signal, options.task)) ++woken;
  });
  judged.woken = woken;
  for (RunRecorder* const run : runs) run->take_found();
  return judged;
}

void RunRecorder::add_to_row(std::size_t channel, double position, double value) {
  if (rows_->open && position != rows_->position) judge_row(rows_->position);
  rows_->open = true;
  rows_->position = position;
  const auto twice = std::ranges::find(rows_->values, channel, &detect::ChannelValue::channel);
  if (twice == rows_->values.end()) {
    rows_->values.push_back({channel, value});
  } else {
    twice->value = value;
  }
}

void RunRecorder::end_row(double position) {
  if (!rows_) return;
  if (rows_->detector) {
    judge_row(position);
  } else {
    rows_->early.push_back(position);
  }
}

void RunRecorder::judge_row(double position) {
  fresh_.clear();
  const detect::Scored scored = rows_->detector->push(position, rows_->values, fresh_);
  rows_->values.clear();
  rows_->open = false;
  take_events(0, scored);
}

/// Stores the fresh events, those that may be told, and has them told once they are safe.
void RunRecorder::take_events(std::size_t test, const detect::Scored& scored) {
  if (gate_ && !gate_->push(test, scored.p_value)) {
    std::erase_if(fresh_, [](const series::Event& event) {
      return event.kind != series::EventKind::nonfinite;
    });
  }
  for (series::Event& event : fresh_) take_event(std::move(event));
}

void RunRecorder::take_event(series::Event event) {
  event.run = run_id_;
  if (!record(event)) return;
  ++events_;
  if (!on_event_) {
    ++told_;
    return;
  }
  untold_.emplace_back([this, event = std::move(event)] {
    on_event_(event);
    ++told_;
  });
}

void RunRecorder::take_up(std::uint64_t told, std::span<const series::Event> untold,
                          std::optional<double> forecast_until) {
  forecast_until_ = forecast_until;
  told_ = told;
  for (const series::Event& event : untold) {
    untold_.emplace_back([this, event] {
      if (on_event_) on_event_(event);
      ++told_;
      unsynced_ = true;  // That it was told is to be stored.
    });
  }
}

void RunRecorder::end_points() {
  if (rows_ && rows_->open) judge_row(rows_->position);
  ask_observer([&](RunObserver& observer) { observer.on_end(*this); });
}

void RunRecorder::set_notes(const Json& notes) {
  writer().set_notes(notes);
  unsynced_ = true;
}

void RunRecorder::announce_configuration(const Json& configuration) {
  ask_observer([&](RunObserver& observer) { observer.on_configuration(configuration); });
}

void RunRecorder::set_configuration(const Json& configuration) {
  if (!replaying_) {
    writer().set_configuration(configuration);
    unsynced_ = true;
  }
  announce_configuration(configuration);
}

void RunRecorder::sync(bool tell_now) {
  if (unsynced_) {
    if (!places_.is_null()) writer().set_progress(Json{{"places", places_}, {"told", told_}});
    writer().sync();
    unsynced_ = false;
  }
  if (tell_now) tell();
}

void RunRecorder::tell() {
  for (const auto& tell : std::exchange(untold_, {})) tell();
}

void RunRecorder::finish(series::RunStatus status) {
  if (finished_) return;
  if (!writer_ && !unsynced_) {
    finished_ = true;
    return tell();
  }
  if (!untold_.empty()) sync();  // What is told is stored first; that it was told, with the end.
  if (!places_.is_null()) writer().set_progress(Json{{"places", places_}, {"told", told_}});
  writer().finish(status);
  unsynced_ = false;
  finished_ = true;
}

void RunRecorder::rest() noexcept {
  if (writer_) writer_->rest();
}

void RunRecorder::spill() {
  if (writer_) writer_->spill();
}

void RunRecorder::abandon() noexcept {
  if (writer_) writer_->abandon();
  writer_.reset();
  untold_.clear();
  unsynced_ = false;
  finished_ = true;
}

}  // namespace emdyn::collect::monitor
