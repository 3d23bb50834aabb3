#pragma once
#include <optional>
#include <span>
#include <string>

#include "emdyn/app/terminal/console.hpp"
#include "emdyn/core/field.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/model/lab/contract/entry.hpp"

namespace emdyn::app::lab {

using Experiments = Registry<model::lab::ExperimentEntry>;

/// What `emdyn lab` was asked for.
struct LabCommand {
  bool run = false;  ///< Else: list.
  std::string name{};
  Params settings{};
  std::string store{};
  detect::DetectOptions detection{};
  std::optional<double> deadline{};
  std::size_t threads = 0;
  bool json = false;
};

/// Nothing when `--help` was asked for and printed. @throws ConfigError
std::optional<LabCommand> parse_lab(std::span<const std::string> arguments,
                                    terminal::Console& console);

/// Lists the experiments or runs one of them into a store.
/// @throws ConfigError for an experiment that is not among them, or its settings; StoreError.
int run_lab(const LabCommand& command, const Experiments& experiments, terminal::Console& console);

}  // namespace emdyn::app::lab
