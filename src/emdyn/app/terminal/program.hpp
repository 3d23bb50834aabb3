#pragma once
#include <span>
#include <string>

#include "emdyn/app/terminal/console.hpp"

namespace emdyn::app::terminal {

/// Exit codes of every program.
inline constexpr int kFine = 0;
inline constexpr int kSaidNo = 1;  ///< The check said no.
inline constexpr int kUsage = 2;
inline constexpr int kBadInput = 3;
inline constexpr int kUnavailable = 4;
inline constexpr int kInterrupted = 130;

using ProgramRun = int(std::span<const std::string> arguments, Console& console);

/// The edge of a program: signals become Console::stop_flag() (the first SIGINT or SIGTERM asks the
/// work to end with a valid store, the second ends the process at once), errors become one line on
/// standard error and an exit code.
/// @param name stands before every error.
int run_program(const char* name, int argc, char** argv, ProgramRun* run);

}  // namespace emdyn::app::terminal
