#include "emdyn/app/cli/plugin.hpp"

#include <fmt/format.h>

#include "emdyn/app/terminal/plugin_loader.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

app::terminal::LoadedPlugin load_torch() {
  return app::terminal::load_plugin(
      {"libemdyn_torch.so", "EMDYN_PLUGIN", {"../" EMDYN_LIBDIR "/emdyn"}});
}

}  // namespace

PluginState plugin_state() {
  const auto loaded = load_torch();
  return {loaded.path, loaded.plugin != nullptr, loaded.reason};
}

int run_plugin_verb(std::string_view verb, std::span<const std::string> arguments,
                    app::terminal::Console& console) {
  const auto loaded = load_torch();
  if (loaded.plugin == nullptr) {
    throw UnavailableError(
        fmt::format("{} needs the torch plugin: {}; Debian's package libtorch1.13 holds what it "
                    "needs, and a build from source wants -DEMDYN_TORCH=ON (scripts/setup.sh "
                    "installs libtorch)",
                    verb, terminal_safe(loaded.reason)));
  }
  return app::terminal::run_verb(*loaded.plugin, verb, arguments, console);
}

}  // namespace emdyn::app::cli
