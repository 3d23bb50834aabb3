#pragma once
#include <cstddef>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct OodBenchOptions {
  std::size_t features = 512;
  std::size_t classes = 10;
  std::size_t bank = 10'000;  ///< Training samples.
  std::size_t batch = 64;
};

/// Microseconds a sample on one core, after the forward pass: every score of the registry, named as
/// there, and "all" for the sum of those that need no gradient. Baseline: the textbook formula in
/// double precision, one sample after the other, with covariances inverted beforehand.
std::vector<Row> ood_rows(const OodBenchOptions& options = {});

}  // namespace emdyn::bench
