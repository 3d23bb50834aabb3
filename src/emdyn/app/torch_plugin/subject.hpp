#pragma once
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstddef>

#include "emdyn/provoke/trial/subject.hpp"

/// What every verb that tests a network is told.
namespace emdyn::app::torch_plugin {

/// Where a network and its examples come from, as options of a verb.
struct SubjectOptions : provoke::trial::SubjectSource {
  /// --model, --arch, --trust, --data, --split, --limit.
  void add_to(CLI::App& app);
};

/// How a verb runs and answers.
struct RunOptions {
  std::size_t threads = 0;
  bool json = false;

  /// --threads and --json.
  void add_to(CLI::App& app);
};

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace emdyn::app::torch_plugin
