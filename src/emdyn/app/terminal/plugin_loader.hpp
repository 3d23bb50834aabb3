#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/app/terminal/plugin.hpp"

namespace emdyn::app::terminal {

/// A shared library with verbs that belongs to a program, and where it may lie.
struct PluginPlace {
  const char* file;                    ///< "libemdyn_torch.so"
  const char* variable;                ///< Environment variable that points elsewhere.
  std::vector<std::string> folders{};  ///< Besides the program's own; relative to it.
};

struct LoadedPlugin {
  std::string path{};              ///< Where it was found, or "".
  std::string reason{};            ///< Why it cannot be used.
  const Plugin* plugin = nullptr;  ///< Null where it cannot be used.
};

/// Loads a plugin of this build; it stays loaded until the program ends.
LoadedPlugin load_plugin(const PluginPlace& place);

/// Where a file of the installation may lie: where `variable` points, else beside the running
/// program and in `folders` seen from there.
std::vector<std::string> installed_places(const char* file, const char* variable,
                                          std::span<const std::string> folders);

/// "a, b" of places, for messages.
std::string place_list(std::span<const std::string> places);

/// @throws UnavailableError where the plugin has no such verb.
int run_verb(const Plugin& plugin, std::string_view verb, std::span<const std::string> arguments,
             Console& console);

}  // namespace emdyn::app::terminal
