#pragma once
#include <functional>
#include <string>

#include "emdyn/app/terminal/console.hpp"
#include "emdyn/collect/monitor/monitor.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::app::torch_plugin {

/// What is known of this machine and build, stored with each run.
series::RunInfo lab_run_info(const model::lab::Experiment& experiment);

/// A run of an experiment in a store.
struct Monitored {
  std::string id;
  model::lab::Outcome outcome;
  std::vector<series::Event> events;  ///< In the order they were raised.
  std::uint64_t points = 0;
  std::uint64_t dropped = 0;
  std::uint64_t nonfinite = 0;
};

/// What a caller adds to a run while it goes on.
struct Hooks {
  std::string run_name{};  ///< Default: the experiment's name.
  /// Once, before the first row, with the run's monitor.
  std::function<void(collect::monitor::Monitor&)> start{};
  /// After every row; `so_far` holds all points up to it.
  std::function<void(std::int64_t step, const series::Run& so_far)> row{};
  /// From the monitor's thread, for each event.
  collect::monitor::OnEvent on_event{};
  /// After the last row, before the run is closed: records of an analysis can still be added. `run`
  /// holds all points and events and what is known of the run.
  std::function<void(collect::monitor::Monitor&, const series::Run& run,
                     const model::lab::Outcome& outcome)>
      end{};
};

/// Runs an experiment under a monitor with back-pressure: every point is stored. Ctrl-C ends the
/// run as `interrupted` and leaves a valid store.
/// @throws StoreError when the store cannot be written: the experiment ends.
Monitored run_monitored(model::lab::Experiment& experiment, collect::store::Store& store,
                        app::terminal::Console& console, const Hooks& hooks = {});

}  // namespace emdyn::app::torch_plugin
