#include "emdyn/app/cli/plugin.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/lab/lab_command.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/lab/dynamics/registry.hpp"

namespace emdyn::app::cli {

/// Labs without a network run here; everything that trains one is the plugin's.
int run_lab(Arguments arguments, Console& console) {
  const auto command = lab::parse_lab(arguments, console);
  if (!command) return kFine;
  const auto& own = model::lab::dynamics::registry();
  if (command->run && own.find_or_null(command->name) != nullptr)
    return lab::run_lab(*command, own, console);
  const bool plugin = plugin_state().loads;
  if (command->run) {
    // A slip of the pen is told as one, whether the plugin is there or not.
    if (!plugin && nearest_word(command->name, own.names())) own.find(command->name);
    return run_plugin_verb("lab", arguments, console);
  }
  if (plugin) return run_plugin_verb("lab", arguments, console);
  console.note("labs that train networks need the torch plugin and are not listed");
  return lab::run_lab(*command, own, console);
}

}  // namespace emdyn::app::cli
