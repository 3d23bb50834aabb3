#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "emdyn/app/terminal/console.hpp"

namespace emdyn::app::cli {

/// The options of `explain` that make it look at many runs instead of one.
struct SweepOption {
  std::string outcome;
  std::vector<std::string> settings;
  std::vector<std::string> without;
  std::string change;
  double level = 0.5;
  bool has_level = false;

  void add_to(CLI::App& app);
  bool given() const noexcept { return !outcome.empty(); }
};

/// Which settings, and which pairs of them, decide an outcome over the trials of `path`.
void explain_sweep_file(const std::string& path, const SweepOption& option, bool json,
                        app::terminal::Console& console);

}  // namespace emdyn::app::cli
