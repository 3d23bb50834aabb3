#include "emdyn/collect/monitor/recorder.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace emdyn::collect::monitor {

RunRecorder::RunRecorder(collect::store::RunWriter writer, const RecorderOptions& options,
                         OnEvent on_event)
    : writer_(std::move(writer)),
      options_(options),
      on_event_(std::move(on_event)),
      run_id_(writer_.id()) {
  if (options.false_discovery_rate != 0.0) gate_.emplace(options.false_discovery_rate);
}

std::uint32_t RunRecorder::add_signal(std::string_view name, series::Axis axis) {
  const collect::store::SignalId stored = writer_.add_signal(name, axis);
  const auto known = std::ranges::find(watched_, stored, &Watched::stored);
  if (known != watched_.end()) return static_cast<std::uint32_t>(known - watched_.begin());
  auto watch = options_.detect
                   ? std::make_unique<detect::SignalWatch>(std::string(name), options_.watch)
                   : nullptr;
  watched_.push_back({std::string(name), axis, stored, std::move(watch)});
  return static_cast<std::uint32_t>(watched_.size() - 1);
}

void RunRecorder::push(std::uint32_t signal, double position, double value,
                       std::optional<double> seconds) {
  Watched& watched = watched_[signal];
  writer_.append(watched.stored, position, value, seconds);
  unsynced_ = true;
  ++points_;
  if (!std::isfinite(value)) ++nonfinite_;
  if (watched.watch == nullptr) return;
  fresh_.clear();
  watched.watch->push(position, value, fresh_);
  if (gate_) {
    const bool finite = std::isfinite(value);
    const auto p = finite ? std::optional(watched.watch->p_value()) : std::nullopt;
    if (!gate_->push(signal, p)) {
      std::erase_if(fresh_, [](const series::Event& event) {
        return event.kind != series::EventKind::nonfinite;
      });
    }
  }
  for (series::Event& event : fresh_) {
    event.run = run_id_;
    event.axis = watched.axis;
    writer_.record(event);
    ++events_;
    if (on_event_) on_event_(event);
  }
}

void RunRecorder::set_notes(const Json& notes) {
  writer_.set_notes(notes);
  unsynced_ = true;
}

void RunRecorder::set_configuration(const Json& configuration) {
  writer_.set_configuration(configuration);
  unsynced_ = true;
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
