#include "emdyn/collect/monitor/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::monitor {

RunRecorder::RunRecorder(collect::store::RunWriter writer, const RecorderOptions& options,
                         OnEvent on_event)
    : writer_(std::move(writer)),
      options_(options),
      on_event_(std::move(on_event)),
      run_id_(writer_.id()) {
  if (options.false_discovery_rate != 0.0) gate_.emplace(options.false_discovery_rate);
  if (!options.detect) return;
  detect::check_options(options.detection);
  if (detect::takes_rows(options.detection.detector)) rows_.emplace();
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
  const collect::store::SignalId stored = writer_.add_signal(name, axis);
  const auto known = std::ranges::find(watched_, stored, &Watched::stored);
  if (known != watched_.end()) return static_cast<std::uint32_t>(known - watched_.begin());
  watched_.push_back({std::string(name), axis, stored, {}, {}});
  const auto signal = static_cast<std::uint32_t>(watched_.size() - 1);
  if (options_.detect && watched) watch_signal(watched_.back());
  ask_observer([&](RunObserver& observer) { observer.on_signal(signal, name, axis); });
  return signal;
}

void RunRecorder::watch_signal(Watched& watched) {
  if (!rows_) {
    watched.detector.emplace(watched.name, watched.axis, options_.detection);
    return;
  }
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
  writer_.append(watched.stored, position, value, seconds);
  unsynced_ = true;
  ++points_;
  if (!std::isfinite(value)) ++nonfinite_;
  if (watched.detector) {
    fresh_.clear();
    tell(signal, watched.detector->push(position, value, fresh_));
  } else if (watched.channel) {
    add_to_row(*watched.channel, position, value);
  }
  ask_observer([&](RunObserver& observer) { observer.on_point(signal, position, value, *this); });
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
  tell(0, scored);
}

/// Stores and hands on the fresh events, those that may be told.
void RunRecorder::tell(std::size_t test, const detect::Scored& scored) {
  if (gate_ && !gate_->push(test, scored.p_value)) {
    std::erase_if(fresh_, [](const series::Event& event) {
      return event.kind != series::EventKind::nonfinite;
    });
  }
  for (series::Event& event : fresh_) {
    event.run = run_id_;
    record(event);
    ++events_;
    if (on_event_) on_event_(event);
  }
}

void RunRecorder::end_points() {
  if (rows_ && rows_->open) judge_row(rows_->position);
  ask_observer([&](RunObserver& observer) { observer.on_end(*this); });
}

void RunRecorder::set_notes(const Json& notes) {
  writer_.set_notes(notes);
  unsynced_ = true;
}

void RunRecorder::announce_configuration(const Json& configuration) {
  ask_observer([&](RunObserver& observer) { observer.on_configuration(configuration); });
}

void RunRecorder::set_configuration(const Json& configuration) {
  writer_.set_configuration(configuration);
  unsynced_ = true;
  announce_configuration(configuration);
}

void RunRecorder::sync() {
  writer_.sync();
  unsynced_ = false;
}

void RunRecorder::finish(series::RunStatus status) {
  if (!open_) return;
  writer_.finish(status);
  unsynced_ = false;
  open_ = false;
}

void RunRecorder::close() { finish(series::RunStatus::interrupted); }

void RunRecorder::reopen(collect::store::Store& store) {
  if (open_) return;
  writer_ = store.resume(run_id_);
  for (Watched& watched : watched_) watched.stored = writer_.add_signal(watched.name, watched.axis);
  open_ = true;
}

}  // namespace emdyn::collect::monitor
