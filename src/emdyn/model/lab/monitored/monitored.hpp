#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emdyn/collect/monitor/monitor.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::model::lab {

/// What is known of this machine and build, stored with each run.
series::RunInfo lab_run_info(const Experiment& experiment);

/// A lab's run has tens to hundreds of rows: at the 1e-5 of long logs nothing short of a cliff
/// would be told.
inline constexpr double kLabFalseAlarmsPerSample = 1e-3;
/// What watches a lab's run unless told otherwise: runs are short (some 60 rows a signal), where the
/// pair `watch` heard the transition in 5 of 5 demos and `auto` in 4, up to 100 steps later.
detect::DetectOptions lab_detection();

/// A run of an experiment in a store.
struct Monitored {
  std::string id;
  ExperimentResult outcome;
  std::vector<series::Event> events;  ///< In the order they were raised.
  std::uint64_t points = 0;
  std::uint64_t dropped = 0;
  std::uint64_t nonfinite = 0;
};

/// What a caller adds to a run while it goes on.
struct RunHooks {
  std::string run_name{};                             ///< Default: the experiment's name.
  detect::DetectOptions detection = lab_detection();  ///< Which detector watches the signals.
  /// Follows the points from the monitor's thread (live forecasts, say); may be null.
  std::unique_ptr<collect::monitor::RunObserver> observer{};
  /// After every row; `so_far` holds all points up to it.
  std::function<void(std::int64_t step, const series::Run& so_far)> row{};
  /// From the monitor's thread, for each event.
  collect::monitor::OnEvent on_event{};
  /// After the last row, before the run is closed: records of an analysis can still be added. `run`
  /// holds all points and events and what is known of the run.
  std::function<void(collect::monitor::Monitor&, const series::Run& run,
                     const ExperimentResult& outcome)>
      end{};
};

/// Runs an experiment under a monitor with back-pressure: every point is stored. `task` is told
/// after every row; stopping it ends the run as `interrupted` and leaves a valid store.
/// @throws StoreError when the store cannot be written: the experiment ends.
Monitored run_monitored(Experiment& experiment, collect::store::Store& store, RunHooks hooks = {},
                        const Task& task = {});

}  // namespace emdyn::model::lab
