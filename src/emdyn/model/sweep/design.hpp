#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/core/field.hpp"

namespace emdyn::model::sweep {

/// One run to make: settings of the grokking experiment.
struct PlannedRun {
  std::string name{};
  Params params{};
};

/// What the design draws from and how much.
struct DesignOptions {
  std::int64_t configurations = 160;  ///< >= 1
  std::int64_t seeds = 2;             ///< Runs of each configuration, >= 1.
  std::int64_t slow =
      100;  ///< Further configurations that generalise late if at all, one run each.
  std::uint64_t seed = 2026;  ///< Of the draw.
  bool small = false;         ///< Tiny primes and few steps, to try things out.
};

/// Draws configurations of small grokking runs at random over operation, prime, share of data,
/// network, width, loss, optimiser, rate, decay, initial scale, batch and deadline, so that
/// influences can be told apart; then `slow` ones with larger initial weights, smaller rates and
/// later deadlines, where memorising and generalising lie far apart. Depends on the options only;
/// the first n configurations do not depend on how many follow. Addition modulo 59 is never drawn,
/// whatever the share of data: it is kept for demonstrations, which the predictors must not have
/// seen.
/// @throws ConfigError when a count is below 1.
std::vector<PlannedRun> grokking_design(const DesignOptions& options);

}  // namespace emdyn::model::sweep
