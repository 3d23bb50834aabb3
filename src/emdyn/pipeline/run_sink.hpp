#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "emdyn/collect/ingest/contract/sink.hpp"
#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/collect/store/run_group.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/pipeline/stored_runs.hpp"

namespace emdyn::pipeline {

/// What a reader reads becomes runs of a store, one for each run of the files, watched by
/// detectors. Any number of runs in any order: points wait in memory and are written run by run, so that the cost grows
/// with the points and not with the switches between runs, and few files are open at a time. The first 10,000 signals
/// are watched, on all cores; the others are stored, and a warning says so. Detectors of signals that are silent while
/// many others speak go, and are made again from the stored points when they are needed.
///
/// With the points of a run goes how far each of its files was read. A file that was read before is passed through the
/// run's detectors up to there, and goes on from there: nothing is stored or told twice.
class RunSink final : public collect::ingest::Sink {
 public:
  struct Options {
    collect::monitor::RecorderOptions recorder{};
    std::string source{};  ///< Stored with each run: where it came from.
    /// New runs are made here and wait. Given: whoever gave it publishes it, after finish(). Absent: sync() does.
    std::shared_ptr<collect::store::RunGroup> group{};
    collect::monitor::OnEvent on_event{};
    std::function<void(std::string_view)> on_warning{};
    /// Told of every few thousand points; whoever reads asks it whether to stop.
    Task task{};
    /// Of a detector that costs much a sample: how many samples of the reading it may see. Where there are more, all are
    /// watched by `beyond` instead, from the first on. Absent: the recorder's detector, whatever it costs.
    std::optional<std::uint64_t> most_judged{};
    detect::DetectOptions beyond{};
    /// What follows each run beside its detectors, given the run's settings; may be empty. The first 256 runs have one.
    std::function<std::unique_ptr<collect::monitor::RunObserver>(const Json& configuration)>
        observe{};
  };

  /// @param store and `stored`, made of it, must outlive the sink.
  RunSink(collect::store::Store& store, StoredRuns& stored, Options options);
  RunSink(const RunSink&) = delete;
  RunSink& operator=(const RunSink&) = delete;
  /// What was not synced or finished is given up.
  ~RunSink() override;

  void on_run(collect::ingest::RunIndex run, std::string_view name,
              const Json& configuration) override;
  void on_signal(collect::ingest::SignalIndex signal, collect::ingest::RunIndex run,
                 std::string_view name, series::Axis axis) override;
  void on_point(collect::ingest::SignalIndex signal, double position, double value,
                double seconds) override;
  void on_row(collect::ingest::RunIndex run, double position) override;
  void on_configuration(collect::ingest::RunIndex run, const Json& configuration) override;
  std::optional<collect::ingest::FilePlace> place_of(
      const std::filesystem::path& file, const collect::ingest::FileIdentity& identity) override;
  void on_file(collect::ingest::FileIndex file, const std::filesystem::path& path,
               const collect::ingest::FileIdentity& identity, bool known) override;
  void on_block(collect::ingest::FileIndex file, const collect::ingest::FilePlace& end) override;
  void on_warning(std::string_view text) override;

  /// Acknowledges everything on disk, then tells of events. @throws DiskError: it can be called again.
  void sync();
  /// Whether the reading had more samples than `most_judged`.
  bool went_beyond() const noexcept { return beyond_; }

  /// Something waits for sync().
  bool unsynced() const noexcept { return !dirty_.empty() || some_untold_; }
  /// Marks every run and lets go of the files. Where no point follows (status finished) observers conclude.
  /// @throws Task::Stopped where the task is stopped and writing runs of a given group takes longer than .7 s: none of
  /// them is kept.
  void finish(series::RunStatus status);
  /// The reading is cut short, and may go on later: acknowledges what it can until `deadline` and lets go of everything.
  /// @return the runs whose last points were not acknowledged; the next reading has them.
  std::size_t stop(std::chrono::steady_clock::time_point deadline);

  /// Runs that have points, old or new, in the order in which the files name them.
  std::vector<std::string> run_ids() const;
  std::uint64_t points() const noexcept { return points_; }  ///< New ones.
  std::uint64_t events() const noexcept;
  std::size_t known_runs() const noexcept { return known_runs_; }  ///< Those that the store had.

 private:
  static constexpr std::size_t kNoPlace = static_cast<std::size_t>(-1);
  struct Target {
    std::uint32_t run;
    std::uint32_t signal;  // Within the run's recorder.
  };
  struct File {
    std::string path;
    collect::ingest::FileIdentity identity;
    collect::ingest::FilePlace at;
    bool known = false;
  };
  struct Place {
    RunPlace kept;
    collect::ingest::FileIndex file = collect::ingest::kNoFile;  // When it is read in this reading.
    std::uint64_t seen = 0;  // Points of it, those that the run has already included.
  };
  struct Run {
    std::string name;
    Json configuration;
    std::unique_ptr<collect::monitor::RunRecorder> recorder;
    std::vector<Place> places;
    std::size_t place = kNoPlace;  // Of the file that was read last.
    bool dirty = false;
    bool fresh = false;  // Made by this reading.
    bool holds = false;  // Samples of it wait for their detectors.
  };

  void take_up(Run& run, const StoredRun& stored);
  Place* place_now(Run& run);
  void mark(std::uint32_t run);
  void judge(const Task& task, std::size_t room, bool last = false);
  void judge_when_many();
  void let_silent_ones_go();
  void lose_patience();
  void note_woken(std::size_t woken);
  void bound_memory();
  Json places_of(const Run& run) const;
  void write(std::uint32_t run);
  void keep_open(std::uint32_t run);
  bool is_draft(const Run& run) const;
  void publish();

  collect::store::Store& store_;
  StoredRuns& stored_;
  Options options_;
  std::shared_ptr<collect::store::RunGroup> group_;
  std::vector<Run> runs_;
  std::vector<Target> signals_;
  std::vector<File> files_;
  collect::ingest::FileIndex file_ = collect::ingest::kNoFile;  // That the points come from now.
  std::unordered_map<std::string, const StoredRun*> resumable_;
  std::vector<std::uint32_t> dirty_;
  std::deque<std::uint32_t> open_;  // Runs whose files are open, the longest unwritten first.
  std::size_t announced_ = 0;       // Signals.
  std::size_t observed_ = 0;        // Runs.
  std::size_t known_runs_ = 0;
  bool some_untold_ = false;  // Events of an earlier reading.
  std::uint64_t points_ = 0;
  std::vector<std::uint32_t> holding_;  // Runs.
  std::uint64_t held_ = 0;              // Samples of them.
  std::uint64_t phase_ = 0;             // Of judging.
  std::size_t awake_ = 0;               // Detectors in memory.
  std::size_t most_awake_;              // From so many on, those of silent signals go.
  std::optional<std::chrono::steady_clock::time_point> stopped_since_{};
  std::size_t woken_ = 0;  // Since woken_since_.
  std::chrono::steady_clock::time_point woken_since_{};
  bool undecided_ = false;  // Whether `beyond` is to watch.
  bool beyond_ = false;
};

}  // namespace emdyn::pipeline
