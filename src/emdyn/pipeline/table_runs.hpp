#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/emergence/scaling/long_table.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

/// A long table (one value a row, other columns saying of what) from a text table, gzipped or not.
/// Nothing where the file is no table with a header, or has no column of values beside one of
/// metrics or tasks: readers take it for a table with one column a signal.
/// @throws DataError when the file cannot be read, ConfigError as LongTable.
std::optional<emergence::scaling::LongTable> read_long_table(
    const std::filesystem::path& path, const emergence::scaling::ColumnNames& chosen = {},
    const collect::ingest::Limits& limits = {});

/// Series of a long table as runs: one a group, its signals named task/metric, positions ascending
/// and distinct. The name of a run is what tells its group from the others.
/// @throws DataError as LongTable::series().
std::vector<series::Run> runs_of_table(const emergence::scaling::LongTable& table,
                                       const emergence::scaling::SeriesQuery& query,
                                       std::string_view source);

}  // namespace emdyn::pipeline
