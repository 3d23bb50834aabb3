#pragma once
#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <vector>

#include "emdyn/app/terminal/console.hpp"
#include "emdyn/core/field.hpp"

namespace emdyn::app::terminal {

/// One verb of the program: its name, one line of help and what it does with its arguments.
struct Verb {
  std::string_view name;
  std::string_view help;
  int (*run)(std::span<const std::string> arguments, Console& console);
};

/// Parses the arguments of one verb. @return false when `--help` was asked for and printed.
/// @throws ConfigError for an unknown option (with the nearest known one), a missing or a bad
/// value.
bool parse(CLI::App& app, std::span<const std::string> arguments, Console& console);

/// `k=v` texts as settings. @throws ConfigError naming `option` when one has no "=".
Params parse_settings(const std::vector<std::string>& texts, std::string_view option);

}  // namespace emdyn::app::terminal
