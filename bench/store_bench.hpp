#pragma once
#include <cstddef>
#include <filesystem>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

struct StoreBenchOptions {
  std::size_t points = 10'000'000;  ///< In all, over eight signals. At least 8.
  std::filesystem::path folder{};   ///< Where the files go for a while; the system's by default.
};

/// Points per second written and read, bytes per point, and the time of an overview, beside a plain
/// SQLite table with one row a point (same journal, same batches, prepared statement) in the same
/// run. The signals are what a training logs: float and double losses with noise, accuracies,
/// norms, a schedule; whole steps; wall times with jitter.
/// @throws ConfigError for too few points; StoreError when the folder cannot be written.
std::vector<Row> bench_store(const StoreBenchOptions& options = {});

}  // namespace emdyn::bench
