#pragma once
#include <span>
#include <string_view>

#include "emdyn/app/terminal/arguments.hpp"

/// What libemdyn_torch.so shows to the program that loads it. Program and plugin come from one
/// build: types cross the border as they are, and `build` guards against a mixture.
namespace emdyn::app::terminal {

inline constexpr int kInterfaceVersion = 1;
inline constexpr const char* kPluginSymbol = "emdyn_torch_plugin";

struct Plugin {
  int interface_version = kInterfaceVersion;
  std::string_view build;       ///< kCommit of the plugin's build.
  std::span<const Verb> verbs;  ///< lab, demo, …
};

/// `extern "C" const Plugin* emdyn_torch_plugin()`: the only exported symbol.
using PluginFunction = const Plugin*();

}  // namespace emdyn::app::terminal
