#pragma once
#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

/// Signals of a run side by side.
struct CommonRows {
  std::vector<std::string> signals{};
  std::vector<double> positions{};  ///< Ascending and distinct.
  Eigen::MatrixXd values{};  ///< [positions, signals]; NaN where a signal has no finite value.
};

struct CommonRowsOptions {
  std::size_t most_signals = 8;  ///< Those with a role first.
  std::size_t most_rows = 2000;  ///< Longer tables keep every second, third … row.
  std::size_t fewest_rows = 96;  ///< Shorter signals are left out.
  double before = HUGE_VAL;      ///< Rows at positions below it only.
};

/// The largest set of changing signals that were recorded at the same positions, learning rates left
/// out. No signals where fewer than two qualify.
CommonRows common_rows(const series::Run& run, const CommonRowsOptions& options);

}  // namespace emdyn::pipeline
