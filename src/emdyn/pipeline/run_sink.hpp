#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/sink.hpp"
#include "emdyn/collect/monitor/recorder.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"

namespace emdyn::pipeline {

/// What a reader reads becomes runs of a store, one for each run of the files, watched by
/// detectors. Any number of runs: only so many files are held open, the rest are taken up again
/// when needed. The first 10,000 signals are watched, each with a detector in memory; the others are
/// stored, and a warning says so.
class RunSink final : public collect::ingest::Sink {
 public:
  struct Options {
    collect::monitor::RecorderOptions recorder{};
    collect::store::Creation creation = collect::store::Creation::live;
    std::string source{};         ///< Stored with each run: where it came from.
    std::size_t open_runs = 128;  ///< Files held open at once.
    collect::monitor::OnEvent on_event{};
    std::function<void(std::string_view)> on_warning{};
    /// Told of every few thousand points; whoever reads asks it whether to stop.
    Task task{};
    /// What follows each run beside its detectors, given the run's settings; may be empty.
    std::function<std::unique_ptr<collect::monitor::RunObserver>(const Json& configuration)>
        observe{};
  };

  /// @param store must outlive the sink.
  RunSink(collect::store::Store& store, Options options);

  void on_run(collect::ingest::RunIndex run, std::string_view name,
              const Json& configuration) override;
  void on_signal(collect::ingest::SignalIndex signal, collect::ingest::RunIndex run,
                 std::string_view name, series::Axis axis) override;
  void on_point(collect::ingest::SignalIndex signal, double position, double value,
                double seconds) override;
  void on_row(collect::ingest::RunIndex run, double position) override;
  void on_configuration(collect::ingest::RunIndex run, const Json& configuration) override;
  void on_warning(std::string_view text) override;

  /// Acknowledges everything on disk. @throws StoreError
  void sync();
  /// No point follows: observers conclude. Marks every run and lets go of the files.
  void finish(series::RunStatus status);

  std::vector<std::string> run_ids() const;
  std::uint64_t points() const noexcept { return points_; }
  std::uint64_t events() const noexcept;

 private:
  struct Target {
    std::uint32_t run;
    std::uint32_t signal;  // Within the run's recorder.
  };
  collect::monitor::RunRecorder& opened(std::uint32_t run);

  collect::store::Store& store_;
  Options options_;
  std::vector<std::unique_ptr<collect::monitor::RunRecorder>> runs_;
  std::vector<std::uint64_t> used_;  // When each run was last written, by the count of points.
  std::vector<Json> configurations_;
  std::vector<Target> signals_;
  std::size_t open_ = 0;
  std::size_t announced_ = 0;  // Signals.
  std::uint64_t points_ = 0;
};

}  // namespace emdyn::pipeline
