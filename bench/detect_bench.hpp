#pragma once
#include <cstddef>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct DetectBenchOptions {
  std::size_t samples = 2'000'000;    ///< Per detector; slow ones take fewer.
  std::size_t bank_signals = 10'000;  ///< Of the row "bank".
  bool bank_only = false;             ///< Only the bank's rows: speed and memory.
};

/// Updates per processor second of one core: every detector of the registries, named as there, fed
/// in blocks (detectors of rows: five channels, one call a row). Baseline: a plain textbook
/// implementation of the same method (textbook.hpp), or where there is none the same detector
/// called once a sample through a virtual function, with the score appended to a growing vector.
/// Then the bytes each detector of a signal holds, and the bank.
std::vector<Row> detect_rows(const DetectBenchOptions& options = {});

}  // namespace emdyn::bench
