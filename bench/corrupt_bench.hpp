#pragma once
#include <cstddef>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct CorruptBenchOptions {
  std::size_t height = 427;
  std::size_t width = 640;
};

/// Seconds for five severities of every corruption on one colour image, on all cores, and "all19"
/// for the 19 of ImageNet-C together (wall time). Baseline, where there is one: plain loops over
/// pixels as the definition reads, on one core.
std::vector<Row> corrupt_rows(const CorruptBenchOptions& options = {});

}  // namespace emdyn::bench
