#pragma once
#include <cstddef>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct DetectBenchOptions {
  std::size_t samples = 2'000'000;    ///< Per detector; slow ones take fewer.
  std::size_t bank_signals = 10'000;  ///< Of the row "bank".
};

/// Updates per processor second of one core: every detector of the registry, named as there, fed in
/// blocks. Baseline: the same detector called once a sample through a virtual function, with the
/// score appended to a growing vector, as a plain wrapper around a streaming library does it.
std::vector<Row> detect_rows(const DetectBenchOptions& options = {});

}  // namespace emdyn::bench
