#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "rows.hpp"

namespace emdyn::bench {

struct ImportBenchOptions {
  std::size_t cells = 5'000'000;  ///< Of the table, over `signals` columns.
  std::size_t signals = 50;
  std::filesystem::path folder{};  ///< Where the files go for a while; the system's by default.
  std::string python = "python3";  ///< That is asked for pandas and polars.
};

/// Seconds from a CSV table on disk to a run: stored only, watched by the import's default, and, on a part of the table,
/// by each detector at its cost a sample. Beside it, in the same run, what pandas.read_csv and polars.read_csv take to
/// have the same table in memory, where `python` has them.
/// @throws ConfigError for fewer than a thousand cells; StoreError when the folder cannot be written.
std::vector<Row> bench_import(const ImportBenchOptions& options = {}, const Task& task = {});

}  // namespace emdyn::bench
