#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"

namespace emdyn::collect::ingest {

/// The files of a folder whose names a reader takes (with .gz behind them, too), however deep, sorted by path. Links
/// are followed, but no file and no folder is taken twice, and what lies in the folder itself comes before links to it.
/// @throws DataError when the folder cannot be read or holds more than limits.files.
std::vector<std::filesystem::path> log_files(const std::filesystem::path& folder,
                                             const Limits& limits);

/// What log_files looks for, in words: "*tfevents*, .jsonl, .ndjson, .csv, .tsv".
std::string log_names();

/// What the run of a file is called that names none itself: its stem, for event files the folder
/// they lie in; below `root` (when not empty) the path from there.
std::string run_name_of(const std::filesystem::path& file, const std::filesystem::path& root);

}  // namespace emdyn::collect::ingest
