#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "emdyn/model/sweep/design.hpp"

namespace emdyn::model::sweep {

/// How far a sweep is.
struct SweepProgress {
  std::size_t done = 0;  ///< Runs in the store, those found there included.
  std::size_t planned = 0;
};

struct SweepOptions {
  std::filesystem::path store{};
  /// A run ends early when its test accuracy has been at least `enough` for `patience` of its
  /// steps: what follows no longer matters to a forecast.
  double enough = 0.9;
  double patience = 0.12;
  std::function<void(const SweepProgress&)> progress{};  ///< Called after each run, one at a time.
};

/// Makes the planned runs and keeps them in a store, several at a time (one thread each, so each
/// run is the same whatever the number of threads). Runs the store already holds by name, finished,
/// are not made again: an interrupted sweep goes on where it was.
/// @return runs made now. @throws StoreError when the store cannot be written.
std::size_t make_runs(std::span<const PlannedRun> runs, const SweepOptions& options);

}  // namespace emdyn::model::sweep
