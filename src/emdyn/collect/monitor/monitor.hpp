#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/collect/monitor/ring.hpp"

namespace emdyn::collect::monitor {

/// What to do with a point that finds its ring full.
enum class Overflow {
  drop,  ///< Never block a foreign training: the point is lost, counted and shown.
  wait,  ///< Back-pressure, for our own labs: nothing is lost.
};

struct MonitorOptions {
  std::size_t ring_points = 1 << 14;  ///< Of each logging thread.
  Overflow overflow = Overflow::drop;
  RecorderOptions recorder{};
  double sync_seconds = 1.0;  ///< Points are acknowledged on disk at least this often.
};

/// What a training program embeds: points go in, events come out, everything is stored.
///
/// log() may be called from any thread: each thread has a bounded ring of its own, and one
/// background thread runs the detectors and the store. Signals are registered once. When the store
/// fails (a full disk, say), logging goes on as drops and flush() or finish() throws the reason: a
/// training never breaks.
class Monitor {
 public:
  using SignalId = std::uint32_t;

  /// @param on_event called from the background thread for each event, once it is acknowledged (a tenth of a second
  /// or so after its point); may be empty; must not throw.
  /// @param observer follows the run in the same thread; may be null.
  /// @throws ConfigError for an unknown detector or an option out of range.
  Monitor(collect::store::RunWriter writer, const MonitorOptions& options, OnEvent on_event = {},
          std::unique_ptr<RunObserver> observer = {});
  /// Stores what was logged; a run that was not finished is marked as interrupted.
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  const std::string& run_id() const noexcept { return run_id_; }

  /// Registers a signal, or finds it again by its name. @throws StoreError
  /// @param watched false: its points are stored and no detector sees them.
  SignalId add_signal(std::string_view name, series::Axis axis = series::Axis::step,
                      bool watched = true);

  /// @param position in units of the signal's axis; a point whose position is not finite is
  /// dropped.
  /// @param value may be NaN or infinite.
  /// @return false when the point was dropped.
  bool log(SignalId signal, double position, double value) noexcept;

  /// Returns when every point logged before this call is detected on and the observer has
  /// concluded: no point follows. finish() does it too. @throws StoreError
  void end_points();

  /// Stores a record (Event, Transition, Forecast, Attribution) beside the points. @throws
  /// StoreError
  template <class Record>
  void record(const Record& record) {
    const std::lock_guard lock(recorder_mutex_);
    rethrow_failure();
    recorder_.record(record);
  }
  void set_notes(const Json& notes);
  /// Replaces the stored configuration: some programs tell it late.
  void set_configuration(const Json& configuration);

  /// Returns when every point logged before this call is detected on, stored and acknowledged.
  /// @throws StoreError when the store failed: from then on every point is dropped.
  void flush();
  /// Flushes, marks the run and closes it; later points are dropped.
  void finish(series::RunStatus status);

  std::uint64_t points() const noexcept { return points_; }
  std::uint64_t dropped() const noexcept { return dropped_; }
  std::uint64_t nonfinite() const noexcept { return nonfinite_; }
  std::uint64_t events() const noexcept { return events_; }

 private:
  struct Point {
    SignalId signal;
    double position;
    double value;
    double seconds;
  };

  Ring<Point>& ring_of_this_thread();
  void work(const std::stop_token& stop);
  std::size_t drain_once();
  void take(const Point& point);
  void sync_if_due(bool force);
  void fail(std::exception_ptr reason) noexcept;
  void rethrow_failure();

  const std::uint64_t
      number_;  // Unique in the process: what a thread's cache of rings is keyed by.
  const MonitorOptions options_;
  std::string run_id_;

  std::mutex recorder_mutex_;  // Guards recorder_, failure_ and last_sync_.
  RunRecorder recorder_;
  std::exception_ptr failure_;
  double last_sync_ = 0.0;
  bool concluded_ = false;

  std::mutex rings_mutex_;
  std::vector<std::unique_ptr<Ring<Point>>> rings_;

  std::atomic<bool> broken_{false};
  std::atomic<bool> finished_{false};
  std::atomic<std::uint64_t> points_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> nonfinite_{0};
  std::atomic<std::uint64_t> events_{0};
  std::jthread worker_;  // Last: it starts when everything else is there.
};

}  // namespace emdyn::collect::monitor
