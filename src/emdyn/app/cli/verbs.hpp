#pragma once
#include <span>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/program.hpp"

namespace emdyn::app::cli {

using app::terminal::Console;
using Arguments = std::span<const std::string>;

/// Every verb of the program in the order `--help` lists them; the ones that need torch load the
/// plugin.
std::span<const app::terminal::Verb> verbs() noexcept;

using app::terminal::kBadInput;
using app::terminal::kFine;
using app::terminal::kInterrupted;
using app::terminal::kSaidNo;
using app::terminal::kUnavailable;
using app::terminal::kUsage;

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
int run_lab(Arguments arguments, Console& console);
int run_predictor(Arguments arguments, Console& console);
int run_probe(Arguments arguments, Console& console);
int run_report(Arguments arguments, Console& console);
int run_runs(Arguments arguments, Console& console);
int run_segment(Arguments arguments, Console& console);
int run_serve(Arguments arguments, Console& console);
int run_watch(Arguments arguments, Console& console);

}  // namespace emdyn::app::cli
