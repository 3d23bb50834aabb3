#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/detect/alarm/discovery_gate.hpp"
#include "emdyn/detect/live/live_rows.hpp"
#include "emdyn/detect/live/validation_watch.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::collect::monitor {

using OnEvent = std::function<void(const series::Event&)>;
/// Takes a run up again; asked for when the first point comes that the run does not hold yet.
using OpenRun = std::function<collect::store::RunWriter()>;

class RunRecorder;

/// Follows a run beside its detectors, point by point, and adds what it finds to the run's records
/// (pipeline::LiveForecast is one). Called by the thread that records, in the order of the points.
/// An observer that throws, other than the store's errors, is dropped and the run goes on.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// Signals are numbered from 0 in order of appearance.
  virtual void on_signal(std::uint32_t signal, std::string_view name, series::Axis axis) = 0;
  /// The point is in `run`; its detector may judge it later (RunRecorder::hold). May call run.record().
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
  /// Gives the points that a signal of a run has on disk, oldest first: so that detectors of silent signals need not be
  /// kept (JudgeOptions::room). Called from any thread. Empty: they are kept.
  std::function<void(std::string_view run, std::string_view signal,
                     const std::function<void(std::span<const double> positions,
                                              std::span<const double> values)>& visit)>
      history{};
};

/// How held samples are judged.
struct JudgeOptions {
  /// Stopped: what is left is not judged (RunRecorder::cut), and waits no more.
  Task task{};
  /// How many detectors may be made and stay. Others go once they have judged, where they can be had again from the
  /// history; what is judged must then be on disk before the next time.
  std::size_t room = static_cast<std::size_t>(-1);
  bool last = false;  ///< No sample follows: no detector stays.
};

struct Judged {
  std::size_t made = 0;   ///< Detectors that stay.
  std::size_t woken = 0;  ///< Detectors that were had again from the history.
};

/// One run on its way to disk: each point is stored, shown to its signal's detector, and the
/// events it raises are stored beside it. A detector of rows is shown, as one row, what has one
/// position in sequence. Used by one thread at a time; Monitor puts rings in front of it.
///
/// What is told is on disk: events go to `on_event` at the end of the sync that acknowledged them.
class RunRecorder {
 public:
  /// @param on_event called for each event after it was acknowledged; may be empty.
  /// @throws ConfigError if an option is out of range.
  RunRecorder(collect::store::RunWriter writer, const RecorderOptions& options,
              OnEvent on_event = {});
  /// Of a run that the store has: its file is opened when there is something to write.
  RunRecorder(std::string run_id, OpenRun open, const RecorderOptions& options,
              OnEvent on_event = {});

  RunRecorder(const RunRecorder&) = delete;
  RunRecorder& operator=(const RunRecorder&) = delete;

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

  /// From now on detectors see nothing until judge_held(): for those who read many points at once and have all cores
  /// judge them. Without effect on detectors of rows, and where a false discovery rate is bounded: both need every
  /// sample in its order. To be called before the first point.
  void hold() noexcept { holds_ = !rows_ && !gate_; }
  /// Samples that wait for judge_held().
  std::size_t held() const noexcept { return held_; }
  /// Samples are stored that no detector saw: judging was stopped.
  bool cut() const noexcept { return cut_; }
  /// Gives back the detectors, of signals that can have them again, that judged nothing after the phase `before`.
  /// @return how many.
  std::size_t let_go(std::uint64_t before) noexcept;
  /// Another detector than the options say, where no sample was judged yet. @throws ConfigError
  void watch_by(const detect::DetectOptions& detection);

  /// While replaying, points are those that the run holds already: detectors and the observer see them, to be where
  /// they were, and nothing is stored or told.
  void replay(bool on) noexcept { replaying_ = on; }
  bool replaying() const noexcept { return replaying_; }

  /// @return false where nothing was stored: the run has the record already (see replay).
  template <class Record>
  bool record(const Record& record) {
    if (replaying_ || is_known(record)) return false;
    writer().record(record);
    unsynced_ = true;
    return true;
  }
  /// Calls `tell` once everything recorded so far is acknowledged.
  void after_sync(std::function<void()> tell) { untold_.push_back(std::move(tell)); }
  void set_notes(const Json& notes);
  /// How far files were read into the run: stored with each sync from now on.
  void set_places(Json places) { places_ = std::move(places); }
  /// Of a run taken up again: how many of its events were told before, those that were not (told at the next sync),
  /// and the position up to which it has forecasts.
  void take_up(std::uint64_t told, std::span<const series::Event> untold,
               std::optional<double> forecast_until);

  /// Acknowledges everything so far, then tells what waited for it. A run that is not published yet is told later:
  /// with `tell_now` false, tell() is for the caller.
  void sync(bool tell_now = true);
  void tell();
  bool unsynced() const noexcept { return unsynced_; }
  bool untold() const noexcept { return !untold_.empty(); }
  void finish(series::RunStatus status);

  /// For those who write thousands of runs; see RunWriter. Detectors are kept.
  void rest() noexcept;
  void spill();
  void abandon() noexcept;
  bool has_file_open() const noexcept { return writer_ && writer_->has_file_open(); }
  std::size_t waiting_bytes() const noexcept { return writer_ ? writer_->waiting_bytes() : 0; }

  /// Tells the observer of the settings the run was created with.
  void announce_configuration(const Json& configuration);
  /// Replaces the stored configuration: some files tell it late.
  void set_configuration(const Json& configuration);
  /// Nothing follows: judges a row that is still open and lets the observer conclude.
  void end_points();

  bool takes_rows() const noexcept { return rows_.has_value(); }
  std::size_t signals() const noexcept { return watched_.size(); }
  std::uint64_t points() const noexcept { return points_; }
  std::uint64_t nonfinite() const noexcept { return nonfinite_; }
  std::uint64_t events() const noexcept { return events_; }

 private:
  struct Sample {
    double position;
    double value;
    std::uint64_t order;  // Among all samples of the run.
    bool known;           // The run held it already (replay).
  };
  struct Found {
    std::uint64_t order;
    series::Event event;
  };
  struct Watched {
    std::string name;
    series::Axis axis;
    bool followed = false;                             // By a detector of its own …
    std::optional<collect::store::SignalId> stored{};  // Once the run's file was opened.
    std::optional<detect::SeriesDetector> detector{};  // … made for its first sample.
    std::optional<std::size_t> channel{};              // Of the detector of rows.
    std::uint64_t seen = 0;                            // Samples that the detector judged.
    std::uint64_t phase = 0;                           // Of judging, in which it last did.
    bool keeps = true;                                 // The detector stays after this phase.
    std::vector<Sample> held{};
    std::vector<Found> found{};
  };
  /// The detector of rows and the row that is being gathered.
  struct Rows {
    std::optional<detect::RowDetector> detector;  // Once there is a signal, which has an axis.
    std::vector<double> early;                    // Positions of rows before the first signal.
    std::vector<detect::ChannelValue> values;
    double position = 0.0;
    bool open = false;
  };

  collect::store::RunWriter& writer();
  void check_options();
  bool is_known(const series::Forecast& forecast) const noexcept {
    return forecast_until_ && forecast.at <= *forecast_until_;
  }
  template <class Record>
  bool is_known(const Record& /*record*/) const noexcept {
    return false;
  }
  void watch_signal(Watched& watched);
  void follow(std::uint32_t signal, double position, double value);
  detect::SeriesDetector& detector_of(Watched& watched) const;
  bool replayable(const Watched& watched) const noexcept;
  void wake(Watched& watched) const;
  bool judge_signal(std::uint32_t signal, const Task& task);
  void take_found();
  void take_event(series::Event event);
  friend Judged judge_held(std::span<RunRecorder* const> runs, std::uint64_t phase,
                           const JudgeOptions& options);
  void add_to_row(std::size_t channel, double position, double value);
  void judge_row(double position);
  void take_events(std::size_t test, const detect::Scored& scored);
  template <class Call>
  void ask_observer(Call call);

  std::optional<collect::store::RunWriter> writer_;
  OpenRun open_run_;
  RecorderOptions options_;
  OnEvent on_event_;
  std::string run_id_;
  std::unique_ptr<RunObserver> observer_;
  std::vector<Watched> watched_;
  std::unordered_map<std::string, std::uint32_t> numbers_;  // Of signals, by name.
  std::optional<Rows> rows_;                                // Absent: detectors of series.
  std::optional<detect::DiscoveryGate> gate_;               // Absent: every alarm is told.
  std::optional<detect::ValidationWatch> overfit_;          // Of two signals together.
  std::vector<series::Event> fresh_;
  bool holds_ = false;
  bool cut_ = false;
  std::size_t held_ = 0;
  std::uint64_t samples_ = 0;          // That detectors saw or are to see.
  std::vector<Found> found_by_pairs_;  // By overfit_, while detectors hold.
  std::vector<std::function<void()>> untold_;
  Json places_{};           // Null: nobody reads files into the run.
  std::uint64_t told_ = 0;  // Events.
  std::optional<double> forecast_until_;
  bool replaying_ = false;
  bool unsynced_ = false;
  bool finished_ = false;
  std::uint64_t points_ = 0;
  std::uint64_t nonfinite_ = 0;
  std::uint64_t events_ = 0;
};

/// Shows the samples that wait (RunRecorder::hold) to their detectors, on all cores, and records what they raise in the
/// order of the samples: the same as without waiting, for any number of threads.
/// @param phase counts the calls, from 1.
Judged judge_held(std::span<RunRecorder* const> runs, std::uint64_t phase,
                  const JudgeOptions& options = {});

}  // namespace emdyn::collect::monitor
