#include "emdyn/app/lab/lab_command.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/model/lab/registry.hpp"

namespace emdyn::app::torch_plugin {

int run_lab(std::span<const std::string> arguments, app::terminal::Console& console) {
  const auto command = lab::parse_lab(arguments, console);
  return command ? lab::run_lab(*command, model::lab::registry(), console) : 0;
}

}  // namespace emdyn::app::torch_plugin
