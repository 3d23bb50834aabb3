#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/detect/alarm/discovery_gate.hpp"
#include "emdyn/detect/live/live_rows.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::collect::monitor {

using OnEvent = std::function<void(const series::Event&)>;

class RunRecorder;

/// Follows a run beside its detectors, point by point, and adds what it finds to the run's records
/// (pipeline::LiveForecast is one). Called by the thread that records, in the order of the points.
/// An observer that throws, other than the store's errors, is dropped and the run goes on.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// Signals are numbered from 0 in order of appearance.
  virtual void on_signal(std::uint32_t signal, std::string_view name, series::Axis axis) = 0;
  /// The point is in `run` and its detector has judged it. May call run.record().
  virtual void on_point(std::uint32_t signal, double position, double value, RunRecorder& run) = 0;
  /// The run's settings became known, or changed.
  virtual void on_configuration(const Json& /*configuration*/) {}
  /// No point follows; the run is still open.
  virtual void on_end(RunRecorder& /*run*/) {}
};

struct RecorderOptions {
  bool detect = true;  ///< Run a detector on every signal (or on the rows of all signals).
  /// > 0: of the alarms of all signals of the run together, the expected share of false ones is at
  /// most this, and alarms that are less sure are not told (detect::DiscoveryGate). Values that are
  /// not finite are facts and always told.
  double false_discovery_rate = 0.0;
  detect::DetectOptions detection{};  ///< Any entry of the registries; `auto` by default.
  /// What is left out, for people; may be empty.
  std::function<void(std::string_view)> on_warning{};
};

/// One run on its way to disk: each point is stored, shown to its signal's detector, and the
/// events it raises are stored beside it. A detector of rows is shown, as one row, what has one
/// position in sequence. Used by one thread at a time; Monitor puts rings in front of it.
class RunRecorder {
 public:
  /// @param on_event called for each event after it was stored; may be empty.
  /// @throws ConfigError if an option is out of range.
  RunRecorder(collect::store::RunWriter writer, const RecorderOptions& options,
              OnEvent on_event = {});

  const std::string& run_id() const noexcept { return run_id_; }
  /// To be called before the first signal.
  void observe(std::unique_ptr<RunObserver> observer) { observer_ = std::move(observer); }

  /// Registers a signal, or finds it again by its name. Ids count from 0.
  /// @param watched false: its points are stored and no detector sees them.
  std::uint32_t add_signal(std::string_view name, series::Axis axis, bool watched = true);

  /// @param position finite. @param seconds wall time, or nothing. @throws StoreError, DataError
  void push(std::uint32_t signal, double position, double value, std::optional<double> seconds);
  /// For files that say where a row ends, also one without points; of no effect on detectors of
  /// series.
  void end_row(double position);

  template <class Record>
  void record(const Record& record) {
    writer_.record(record);
    unsynced_ = true;
  }
  void set_notes(const Json& notes);

  void sync();
  bool unsynced() const noexcept { return unsynced_; }
  void finish(series::RunStatus status);
  /// Lets go of the file and takes it up again: for readers of thousands of runs. Detectors are
  /// kept.
  void close();
  void reopen(collect::store::Store& store);
  bool is_open() const noexcept { return open_; }

  /// Tells the observer of the settings the run was created with.
  void announce_configuration(const Json& configuration);
  /// Replaces the stored configuration: some files tell it late.
  void set_configuration(const Json& configuration);
  /// Nothing follows: judges a row that is still open and lets the observer conclude.
  void end_points();

  std::size_t signals() const noexcept { return watched_.size(); }
  std::uint64_t points() const noexcept { return points_; }
  std::uint64_t nonfinite() const noexcept { return nonfinite_; }
  std::uint64_t events() const noexcept { return events_; }

 private:
  struct Watched {
    std::string name;
    series::Axis axis;
    collect::store::SignalId stored;
    std::optional<detect::SeriesDetector> detector;  // Of this signal alone.
    std::optional<std::size_t> channel;              // Of the detector of rows.
  };
  /// The detector of rows and the row that is being gathered.
  struct Rows {
    std::optional<detect::RowDetector> detector;  // Once there is a signal, which has an axis.
    std::vector<double> early;                    // Positions of rows before the first signal.
    std::vector<detect::ChannelValue> values;
    double position = 0.0;
    bool open = false;
  };

  void watch_signal(Watched& watched);
  void add_to_row(std::size_t channel, double position, double value);
  void judge_row(double position);
  void tell(std::size_t test, const detect::Scored& scored);
  template <class Call>
  void ask_observer(Call call);

  collect::store::RunWriter writer_;
  RecorderOptions options_;
  OnEvent on_event_;
  std::string run_id_;
  std::unique_ptr<RunObserver> observer_;
  std::vector<Watched> watched_;
  std::optional<Rows> rows_;                   // Absent: detectors of series.
  std::optional<detect::DiscoveryGate> gate_;  // Absent: every alarm is told.
  std::vector<series::Event> fresh_;
  bool unsynced_ = false;
  bool open_ = true;
  std::uint64_t points_ = 0;
  std::uint64_t nonfinite_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace emdyn::collect::monitor
