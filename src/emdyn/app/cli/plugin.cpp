#include "emdyn/app/cli/plugin.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "emdyn/app/terminal/plugin.hpp"
#include "emdyn/core/build_info.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

constexpr const char* kFile = "libemdyn_torch.so";

std::vector<std::filesystem::path> candidates() {
  if (const char* given = std::getenv("EMDYN_PLUGIN"); given != nullptr && *given != '\0')
    return {given};
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {kFile};
  const auto folder = program.parent_path();
  return {folder / kFile, folder.parent_path() / EMDYN_LIBDIR / "emdyn" / kFile};
}

struct Loaded {
  PluginState state;
  app::terminal::PluginFunction* function = nullptr;
};

Loaded load() {
  Loaded loaded;
  for (const auto& path : candidates()) {
    if (!std::filesystem::exists(path)) continue;
    loaded.state.path = path.string();
    // Stays loaded until the program ends: torch does not survive being unloaded.
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      loaded.state.reason = dlerror();
      return loaded;
    }
    void* symbol = dlsym(handle, app::terminal::kPluginSymbol);
    if (symbol == nullptr) {
      loaded.state.reason = fmt::format("{} is no emdyn plugin", path.string());
      return loaded;
    }
    loaded.function = reinterpret_cast<app::terminal::PluginFunction*>(symbol);
    if (loaded.function()->interface_version != app::terminal::kInterfaceVersion ||
        loaded.function()->build != kCommit) {
      loaded.state.reason = fmt::format("{} belongs to another build of emdyn", path.string());
      loaded.function = nullptr;
      return loaded;
    }
    loaded.state.loads = true;
    return loaded;
  }
  std::string places;
  for (const auto& path : candidates())
    places += fmt::format("{}{}", places.empty() ? "" : ", ", path.string());
  loaded.state.reason = fmt::format("not found at {}", places);
  return loaded;
}

}  // namespace

PluginState plugin_state() { return load().state; }

int run_plugin_verb(std::string_view verb, std::span<const std::string> arguments,
                    app::terminal::Console& console) {
  const Loaded loaded = load();
  if (!loaded.state.loads) {
    throw UnavailableError(
        fmt::format("{} needs the torch plugin: {}; build with -DEMDYN_TORCH=ON (scripts/setup.sh "
                    "installs libtorch)",
                    verb, terminal_safe(loaded.state.reason)));
  }
  const auto verbs = loaded.function()->verbs;
  const auto found = std::ranges::find(verbs, verb, &app::terminal::Verb::name);
  if (found == verbs.end())
    throw UnavailableError(fmt::format("the torch plugin has no verb {}", verb));
  return found->run(arguments, console);
}

}  // namespace emdyn::app::cli
