#pragma once
#include <span>
#include <string>

#include "emdyn/app/terminal/console.hpp"

namespace emdyn::app::torch_plugin {

/// `emdyn lab list` and `emdyn lab run NAME`.
int run_lab(std::span<const std::string> arguments, app::terminal::Console& console);

/// `emdyn model info PATH`, `model test PATH` and `model train KIND`.
int run_model(std::span<const std::string> arguments, app::terminal::Console& console);

/// `emdyn demo`.
int run_demo(std::span<const std::string> arguments, app::terminal::Console& console);

/// `emdyn stress all`, `attack`, `certify`, `corrupt`, `ood`.
int run_stress(std::span<const std::string> arguments, app::terminal::Console& console);

/// `emdyn guard fit` and `guard score`.
int run_guard(std::span<const std::string> arguments, app::terminal::Console& console);

}  // namespace emdyn::app::torch_plugin
