#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/detect/live/live_series.hpp"

namespace emdyn::app::cli {

/// `--reference` and `--after-alarm`: what verbs that run detectors let one say of what is normal.
class ReferenceOption {
 public:
  void add_to(CLI::App& app);
  /// @throws ConfigError, DataError where the reference cannot be read; Task::Stopped.
  void apply(detect::DetectOptions& options, const std::string& store_path,
             const collect::ingest::ReadOptions& read, const Task& task = {}) const;

 private:
  std::string reference_;
  std::string after_alarm_;
};

}  // namespace emdyn::app::cli
