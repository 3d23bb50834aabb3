#pragma once
#include <cstdint>
#include <filesystem>
#include <span>

#include "emdyn/core/task.hpp"
#include "emdyn/model/sweep/design.hpp"

namespace emdyn::model::sweep {

struct SweepOptions {
  std::filesystem::path store{};
  /// A run ends early when its test accuracy has been at least `enough` for `patience` of its
  /// steps: what follows no longer matters to a forecast.
  double enough = 0.9;
  double patience = 0.12;
};

/// Makes the planned runs and keeps them in a store, several at a time (one thread each, so each
/// run is the same whatever the number of threads). Runs the store already holds by name, finished,
/// are not made again: an interrupted sweep goes on where it was. `task` is told after each run,
/// those found in the store included; stopped, the runs that are under way are given up.
/// @return runs made now. @throws StoreError when the store cannot be written.
std::size_t make_runs(std::span<const PlannedRun> runs, const SweepOptions& options,
                      const Task& task = {});

}  // namespace emdyn::model::sweep
