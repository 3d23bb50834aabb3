#pragma once
#include <span>

#include "emdyn/app/terminal/arguments.hpp"

namespace emdyn::app::cli {

using app::terminal::Console;
using Arguments = std::span<const std::string>;

/// Every verb of the program in the order `--help` lists them; the ones that need torch load the
/// plugin.
std::span<const app::terminal::Verb> verbs() noexcept;

/// Exit codes of the program.
inline constexpr int kFine = 0;
inline constexpr int kUsage = 2;
inline constexpr int kBadInput = 3;
inline constexpr int kUnavailable = 4;
inline constexpr int kInterrupted = 130;

int run_analyze(Arguments arguments, Console& console);
int run_bench(Arguments arguments, Console& console);
int run_completion(Arguments arguments, Console& console);
int run_detect(Arguments arguments, Console& console);
int run_doctor(Arguments arguments, Console& console);
int run_events(Arguments arguments, Console& console);
int run_explain(Arguments arguments, Console& console);
int run_export(Arguments arguments, Console& console);
int run_forecast(Arguments arguments, Console& console);
int run_import(Arguments arguments, Console& console);
int run_report(Arguments arguments, Console& console);
int run_runs(Arguments arguments, Console& console);
int run_segment(Arguments arguments, Console& console);
int run_watch(Arguments arguments, Console& console);

}  // namespace emdyn::app::cli
