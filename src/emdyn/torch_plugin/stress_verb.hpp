#pragma once
#include <span>
#include <string>

#include "emdyn/terminal/console.hpp"

/// The sub-verbs of `emdyn stress`, one file each; the table stands in stress_verb.cpp.
namespace emdyn::torch_plugin {

int run_stress_corrupt(std::span<const std::string> arguments, terminal::Console& console);
int run_stress_all(std::span<const std::string> arguments, terminal::Console& console);
int run_stress_attack(std::span<const std::string> arguments, terminal::Console& console);
int run_stress_certify(std::span<const std::string> arguments, terminal::Console& console);
int run_stress_ood(std::span<const std::string> arguments, terminal::Console& console);

}  // namespace emdyn::torch_plugin
