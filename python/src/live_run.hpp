#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/monitor/monitor.hpp"
#include "emdyn/detect/live/live_series.hpp"

namespace emdyn::python {

/// What emdyn.init() starts: a monitor, the names of its signals as Python's texts, and the events that wait for the
/// training's thread.
///
/// Calls come with the GIL held, which guards everything but the queue of events. What goes wrong in log() is told
/// through `complain` and nothing else: a training never breaks.
class LiveRun {
 public:
  struct Options {
    std::string store;
    series::RunInfo about{};
    collect::monitor::MonitorOptions monitor{};
    series::Axis axis = series::Axis::step;
    bool forecast = true;  ///< Follow the run with live forecasts where a deadline is known.
    std::optional<double> deadline{};
  };
  /// @throws ConfigError, StoreError
  LiveRun(const Options& options, nanobind::object complain);
  /// In a forked child the monitor's thread is not there: what it holds is left alone.
  ~LiveRun();
  LiveRun(const LiveRun&) = delete;
  LiveRun& operator=(const LiveRun&) = delete;

  /// One step's values: a dict of names to numbers. @param step a number, or None for one more than the last.
  void log(nanobind::handle values, nanobind::handle step);
  /// The same of one value, for loops that log a single one.
  void log_value(nanobind::handle name, nanobind::handle value, nanobind::handle step);
  /// Whole arrays; nothing is dropped, whatever the run's way with a full ring.
  void log_many(const std::string& name, std::span<const double> positions,
                std::span<const double> values);
  /// One row of many signals, judged in the caller's thread by the cheap ensemble and not by the run's own detectors:
  /// hundreds of signals of layers would keep a core busy otherwise.
  /// @param names, values lists of equal length; None is missing. @param alpha false alarms a sample of each signal.
  /// @return the events, their `run` left empty.
  std::vector<series::Event> log_row(nanobind::list names, nanobind::list values,
                                     nanobind::handle step, double alpha);

  void record(const series::Event& event);
  void set_configuration(const Json& configuration);
  void set_notes(const Json& notes);
  void flush();
  /// Waits for the disk. @throws StoreError why points were refused.
  void finish(series::RunStatus status);

  /// Events since the last call, oldest first.
  std::vector<series::Event> take_events();
  bool has_events() const noexcept { return waiting_.load(std::memory_order_acquire); }
  std::optional<series::Event> last_event() const;
  /// Called in the training's thread from log() when events wait; None: nobody.
  void on_pending(nanobind::object call) { pending_ = std::move(call); }

  const std::string& id() const noexcept { return id_; }
  bool closed() const noexcept { return closed_; }
  const collect::monitor::Monitor* monitor() const noexcept { return monitor_.get(); }
  double next_step() const noexcept { return next_step_; }

  int traverse(visitproc visit, void* argument);
  void clear();

 private:
  using SignalId = collect::monitor::Monitor::SignalId;

  /// Whether log() can go on; tells why not.
  bool usable();
  bool forked() const noexcept;
  void complain(const std::string& text);
  std::optional<double> step_of(nanobind::handle step);
  std::optional<SignalId> signal_of(PyObject* name);
  void log_item(PyObject* name, PyObject* value, double step);
  void log_slowly(PyObject* name, PyObject* value, double step, int depth);
  void tell_pending();
  void take(const series::Event& event);

  nanobind::object complain_;
  nanobind::object pending_;
  std::unique_ptr<collect::monitor::Monitor> monitor_;
  std::string id_;
  series::Axis axis_;
  unsigned born_;  // Forks of the process before this run.
  std::thread::id thread_;
  bool closed_ = false;
  double next_step_ = 0.0;
  std::unordered_map<std::string, SignalId> names_;
  std::unordered_map<std::string, detect::SeriesDetector> row_detectors_;
  std::unordered_map<PyObject*, SignalId>
      objects_;  // Each holds a reference: an address stays taken.

  mutable std::mutex events_mutex_;
  std::deque<series::Event> events_;
  std::optional<series::Event> last_event_;
  std::atomic<bool> waiting_{false};
};

}  // namespace emdyn::python
