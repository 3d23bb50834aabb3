#include "emdyn/collect/monitor/monitor.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <utility>

#include "emdyn/core/error.hpp"

namespace emdyn::collect::monitor {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdle = 2ms;  // Rest of the background thread when there was nothing to do.
constexpr auto kFullRingWait = 50us;
/// An event waits no longer than this for the sync after which it is told.
constexpr double kTellSeconds = 0.1;

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> numbers{0};
  return ++numbers;
}

template <class Clock>
double seconds_of() noexcept {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

}  // namespace

Monitor::Monitor(collect::store::RunWriter writer, const MonitorOptions& options, OnEvent on_event,
                 std::unique_ptr<RunObserver> observer)
    : number_(next_number()),
      options_(options),
      run_id_(writer.id()),
      recorder_(std::move(writer), options.recorder, std::move(on_event)),
      last_sync_(seconds_of<std::chrono::steady_clock>()),
      worker_([this](const std::stop_token& stop) { work(stop); }) {
  const std::lock_guard lock(recorder_mutex_);  // No signal can have been added yet.
  recorder_.observe(std::move(observer));
}

Monitor::~Monitor() {
  worker_.request_stop();
  worker_.join();
  try {
    if (!finished_) end_points();
  } catch (...) {
    // A destructor cannot report it; whoever cares calls flush() or finish().
  }
}

Monitor::SignalId Monitor::add_signal(std::string_view name, series::Axis axis, bool watched) {
  const std::lock_guard lock(recorder_mutex_);
  return recorder_.add_signal(name, axis, watched);
}

Ring<Monitor::Point>& Monitor::ring_of_this_thread() {
  struct Known {
    std::uint64_t monitor;
    Ring<Point>* ring;
  };
  thread_local std::vector<Known> known;
  for (const Known& each : known) {
    if (each.monitor == number_) return *each.ring;
  }
  const std::lock_guard lock(rings_mutex_);
  rings_.push_back(std::make_unique<Ring<Point>>(options_.ring_points));
  known.push_back({number_, rings_.back().get()});
  return *rings_.back();
}

bool Monitor::log(SignalId signal, double position, double value) noexcept {
  if (broken_ || finished_ || !std::isfinite(position)) {
    ++dropped_;
    return false;
  }
  try {
    Ring<Point>& ring = ring_of_this_thread();
    const Point point{signal, position, value, seconds_of<std::chrono::system_clock>()};
    while (!ring.push(point)) {
      if (options_.overflow == Overflow::drop || broken_) {
        ++dropped_;
        return false;
      }
      std::this_thread::sleep_for(kFullRingWait);
    }
    return true;
  } catch (...) {  // No memory for this thread's ring.
    ++dropped_;
    return false;
  }
}

void Monitor::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::size_t taken = 0;
    try {
      taken = drain_once();
    } catch (const std::bad_alloc&) {
      // Nothing was taken out of the rings. Out of this thread an exception would end the training.
    }
    if (taken == 0) std::this_thread::sleep_for(kIdle);
  }
}

std::size_t Monitor::drain_once() {
  const std::lock_guard lock(recorder_mutex_);
  std::vector<Ring<Point>*> rings;
  {
    const std::lock_guard rings_lock(rings_mutex_);
    for (const auto& ring : rings_) rings.push_back(ring.get());
  }
  std::size_t taken = 0;
  for (Ring<Point>* ring : rings) {
    taken += ring->drain([this](const Point& point) { take(point); });
  }
  try {
    sync_if_due(false);
  } catch (...) {
    fail(std::current_exception());
  }
  return taken;
}

void Monitor::take(const Point& point) {
  if (broken_ || point.signal >= recorder_.signals()) {
    ++dropped_;
    return;
  }
  try {
    recorder_.push(point.signal, point.position, point.value, point.seconds);
  } catch (...) {
    ++dropped_;
    fail(std::current_exception());
  }
  points_ = recorder_.points();
  nonfinite_ = recorder_.nonfinite();
  events_ = recorder_.events();
}

void Monitor::sync_if_due(bool force) {
  if (broken_ || !(recorder_.unsynced() || recorder_.untold())) return;
  const double now = seconds_of<std::chrono::steady_clock>();
  const double due =
      recorder_.untold() ? std::min(kTellSeconds, options_.sync_seconds) : options_.sync_seconds;
  if (!force && now - last_sync_ < due) return;
  recorder_.sync();
  last_sync_ = now;
}

void Monitor::fail(std::exception_ptr reason) noexcept {
  if (!failure_) failure_ = std::move(reason);
  broken_ = true;
}

void Monitor::rethrow_failure() {
  if (failure_) std::rethrow_exception(failure_);
}

void Monitor::set_notes(const Json& notes) {
  const std::lock_guard lock(recorder_mutex_);
  rethrow_failure();
  recorder_.set_notes(notes);
}

void Monitor::set_configuration(const Json& configuration) {
  const std::lock_guard lock(recorder_mutex_);
  rethrow_failure();
  recorder_.set_configuration(configuration);
}

void Monitor::flush() {
  // One pass takes everything logged before this call; points logged meanwhile may wait.
  drain_once();
  const std::lock_guard lock(recorder_mutex_);
  rethrow_failure();
  sync_if_due(true);
}

void Monitor::end_points() {
  flush();
  const std::lock_guard lock(recorder_mutex_);
  if (std::exchange(concluded_, true)) return;
  recorder_.end_points();
  sync_if_due(true);
  events_ = recorder_.events();
}

void Monitor::finish(series::RunStatus status) {
  end_points();
  finished_ = true;
  const std::lock_guard lock(recorder_mutex_);
  recorder_.finish(status);
}

}  // namespace emdyn::collect::monitor
