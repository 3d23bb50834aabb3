#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct MirageBenchOptions {
  std::size_t pairs = 1000;
  std::uint64_t seed = 2026;
};

/// The mirage test on synthetic pairs of known truth: `right` among the decided (bar .95),
/// `false_real` among the artefacts (bar .05), `decided`, and for each kind of pair KIND/right,
/// KIND/wrong, KIND/undecided. Baseline: the emergence scores of Schaeffer et al. alone, "real"
/// when the continuous metric's score is more than half of the graded one's; it decides every pair.
std::vector<Row> bench_mirage(const MirageBenchOptions& options = {});

}  // namespace emdyn::bench
