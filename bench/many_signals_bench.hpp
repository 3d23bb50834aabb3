#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

/// One method over many signals on one core, against an array of its plain textbook structs fed the
/// same samples; an update is one sample through the method.
struct ManySignalsBench {
  std::string_view name;  ///< The registry's; "ewma_cusum" for the pair.
  /// Rows `name` (updates/s), `name/bytes_per_signal`, `name/heap` (what it and its scores hold)
  /// and `name/peak_raised` (by how much they raised the peak of the process: of use for the first
  /// one of a process only). Samples are the caller's and not counted.
  void (*measure)(const std::string& name, std::size_t signals, std::vector<Row>& out);
};

/// The pair first.
std::span<const ManySignalsBench> many_signals_benches();

}  // namespace emdyn::bench
