#pragma once
#include <span>
#include <string>

#include "emdyn/app/terminal/arguments.hpp"

namespace emdyn::bench {

/// Every bench that needs no libtorch, and those of the plugin.
std::span<const app::terminal::Verb> verbs() noexcept;

/// `emdyn-bench lab` and `emdyn-bench stress`, in libemdyn_torch_bench.so.
int run_lab(std::span<const std::string> arguments, app::terminal::Console& console);
int run_stress(std::span<const std::string> arguments, app::terminal::Console& console);

}  // namespace emdyn::bench
