#pragma once
#include <filesystem>

#include "emdyn/core/task.hpp"
#include "emdyn/explain/tabular/sweep_table.hpp"

namespace emdyn::pipeline {

/// The trials of a sweep: a folder that is a store (a row a run: its configuration as settings, the
/// last value of each signal as outcomes), a table of text (CSV and relatives, a header and a row a
/// trial; every column may be a setting) or JSON lines (an object a trial; where it has an object
/// "configuration" or "config", the settings are its members). Gzipped or not, at most 256 MB.
/// Lists are passed over.
/// @throws DataError naming the file and the row that cannot be read; StoreError.
explain::TrialRows read_trials(const std::filesystem::path& path, const Task& task = {});

/// Row of a trial by what a user calls it: its number from 1.
/// @throws ConfigError when it is no whole number from 1.
std::size_t trial_number(const std::string& text, std::string_view option);

}  // namespace emdyn::pipeline
