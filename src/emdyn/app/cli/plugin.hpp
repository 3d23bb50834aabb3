#pragma once
#include <span>
#include <string>
#include <string_view>

#include "emdyn/app/terminal/arguments.hpp"

namespace emdyn::app::cli {

struct PluginState {
  std::string path;    ///< Where it was found, or "".
  bool loads = false;  ///< Whether it can be loaded into this program.
  std::string reason;  ///< Why not.
};

/// Looks for libemdyn_torch.so: where EMDYN_PLUGIN points, beside the program, in ../lib/emdyn.
PluginState plugin_state();

/// Loads the plugin and runs one of its verbs.
/// @throws UnavailableError saying where it was looked for and how to get it.
int run_plugin_verb(std::string_view verb, std::span<const std::string> arguments,
                    app::terminal::Console& console);

}  // namespace emdyn::app::cli
