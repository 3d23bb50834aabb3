#pragma once
#include <span>
#include <string>

#include "emdyn/app/terminal/console.hpp"
#include "emdyn/provoke/trial/subject.hpp"

/// The sub-verbs of `emdyn stress`, one file each; the table stands in stress_verb.cpp.
namespace emdyn::app::torch_plugin {

/// load_subject(), its notes told.
provoke::trial::Subject load_subject(const provoke::trial::SubjectSource& source,
                                     app::terminal::Console& console);

int run_stress_corrupt(std::span<const std::string> arguments, app::terminal::Console& console);
int run_stress_all(std::span<const std::string> arguments, app::terminal::Console& console);
int run_stress_attack(std::span<const std::string> arguments, app::terminal::Console& console);
int run_stress_certify(std::span<const std::string> arguments, app::terminal::Console& console);
int run_stress_ood(std::span<const std::string> arguments, app::terminal::Console& console);

}  // namespace emdyn::app::torch_plugin
