#pragma once
#include <span>
#include <string>

#include "emdyn/terminal/console.hpp"

namespace emdyn::torch_plugin {

/// `emdyn bench lab`.
int run_bench(std::span<const std::string> arguments, terminal::Console& console);

}  // namespace emdyn::torch_plugin
