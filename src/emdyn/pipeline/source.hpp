#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

/// Where the runs of a verb's RUN|FILE argument come from.
struct Source {
  std::string text{};        ///< A file, a folder of logs, "-", or a run's id or name.
  std::string store_path{};  ///< Looked into when `text` is no file.
  collect::ingest::ReadOptions read{};
};

/// True when `text` names something on disk (or standard input) rather than a run.
bool is_path(std::string_view text);

/// The runs that a RUN|FILE argument names: those of the file, or the one of the store.
/// @throws DataError when it is neither; ConfigError when several runs of the store fit;
/// Task::Stopped.
std::vector<series::Run> load_runs(const Source& source, const Task& task = {});

/// The same where exactly one run is needed. @throws ConfigError when the file holds several: they
/// are named, with the way to import them first.
series::Run load_run(const Source& source);

}  // namespace emdyn::pipeline
