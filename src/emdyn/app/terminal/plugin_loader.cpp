#include "emdyn/app/terminal/plugin_loader.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "emdyn/core/build_info.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::app::terminal {

std::vector<std::string> installed_places(const char* file, const char* variable,
                                          std::span<const std::string> folders) {
  if (const char* given = std::getenv(variable); given != nullptr && *given != '\0') return {given};
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {file};
  const auto here = program.parent_path();
  std::vector<std::string> places{(here / file).string()};
  for (const std::string& folder : folders)
    places.push_back((here / folder / file).lexically_normal().string());
  return places;
}

std::string place_list(std::span<const std::string> places) {
  return fmt::format("{}", fmt::join(places, ", "));
}

LoadedPlugin load_plugin(const PluginPlace& place) {
  LoadedPlugin loaded;
  const auto places = installed_places(place.file, place.variable, place.folders);
  const auto found = std::ranges::find_if(
      places, [](const std::string& path) { return std::filesystem::exists(path); });
  if (found == places.end()) {
    loaded.reason = fmt::format("not found at {}", place_list(places));
    return loaded;
  }
  loaded.path = *found;
  // Stays loaded until the program ends: torch does not survive being unloaded.
  void* handle = dlopen(found->c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    loaded.reason = dlerror();
    return loaded;
  }
  void* symbol = dlsym(handle, kPluginSymbol);
  if (symbol == nullptr) {
    loaded.reason = fmt::format("{} is no emdyn plugin", *found);
    return loaded;
  }
  const Plugin* plugin = reinterpret_cast<PluginFunction*>(symbol)();
  if (plugin->interface_version != kInterfaceVersion || plugin->build != kCommit) {
    loaded.reason = fmt::format("{} belongs to another build of emdyn", *found);
    return loaded;
  }
  loaded.plugin = plugin;
  return loaded;
}

int run_verb(const Plugin& plugin, std::string_view verb, std::span<const std::string> arguments,
             Console& console) {
  const auto found = std::ranges::find(plugin.verbs, verb, &Verb::name);
  if (found == plugin.verbs.end())
    throw UnavailableError(fmt::format("the torch plugin has no verb {}", verb));
  return found->run(arguments, console);
}

}  // namespace emdyn::app::terminal
