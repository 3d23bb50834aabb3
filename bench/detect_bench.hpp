#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct DetectBenchOptions {
  std::size_t samples = 1'000'000;    ///< Per detector, gone through again and again.
  std::size_t many_signals = 10'000;  ///< Of the rows "many_signals".
  bool many_signals_only = false;     ///< Only those rows: speed and memory.
  std::string only;                   ///< Only the row of this name and those below it.
};

/// Updates per processor second of one core, named as in the registries. First "many_signals",
/// which is the EWMA and CUSUM pair, "many_signals/NAME" another method (many_signals_bench.hpp).
/// Then every detector, fed in blocks (detectors of rows: five channels, one call a row); baseline:
/// a plain textbook implementation of the same method (textbook.hpp), or where there is none the
/// same detector called once a sample through a virtual function, with the score appended to a
/// growing vector. Then the bytes each detector of a signal holds.
/// @throws ConfigError where `only` names no row.
std::vector<Row> detect_rows(const DetectBenchOptions& options = {});

}  // namespace emdyn::bench
