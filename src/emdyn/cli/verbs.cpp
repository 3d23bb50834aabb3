#include "emdyn/cli/verbs.hpp"

#include <array>

#include "emdyn/cli/plugin.hpp"

namespace emdyn::cli {
namespace {

int run_lab(Arguments arguments, Console& console) {
  return run_plugin_verb("lab", arguments, console);
}

int run_model(Arguments arguments, Console& console) {
  return run_plugin_verb("model", arguments, console);
}

int run_demo(Arguments arguments, Console& console) {
  return run_plugin_verb("demo", arguments, console);
}

int run_stress(Arguments arguments, Console& console) {
  return run_plugin_verb("stress", arguments, console);
}

int run_guard(Arguments arguments, Console& console) {
  return run_plugin_verb("guard", arguments, console);
}

// The only list of verbs.
constexpr std::array kVerbs{
    terminal::Verb{"demo", "train a network, watch it, forecast, explain, write a report",
                   &run_demo},
    terminal::Verb{"lab", "simulated experiments: list, run", &run_lab},
    terminal::Verb{"model", "networks: look at them, train them", &run_model},
    terminal::Verb{"stress", "provoke a network: strange and hostile inputs", &run_stress},
    terminal::Verb{"guard", "p-value, flag and reason of single inputs: fit, score", &run_guard},
    terminal::Verb{"import", "read CSV, JSONL or TensorBoard files into a store", &run_import},
    terminal::Verb{"watch", "follow growing files: events as they happen", &run_watch},
    terminal::Verb{"detect", "score a series, or list the detectors", &run_detect},
    terminal::Verb{"segment", "change points of a finished series", &run_segment},
    terminal::Verb{"analyze", "transitions and early warning of a run or file", &run_analyze},
    terminal::Verb{"forecast", "how likely a target is before its deadline", &run_forecast},
    terminal::Verb{"explain", "what moved the forecast, what changed first", &run_explain},
    terminal::Verb{"report", "one self-contained HTML page of a run", &run_report},
    terminal::Verb{"runs", "list, remove, tag and compare runs", &run_runs},
    terminal::Verb{"events", "the alarms of a run", &run_events},
    terminal::Verb{"export", "points of runs as CSV or JSONL", &run_export},
    terminal::Verb{"bench", "measure speed beside a baseline", &run_bench},
    terminal::Verb{"doctor", "examine the installation or a store", &run_doctor},
    terminal::Verb{"completion", "completion script for bash, zsh or fish", &run_completion},
};

}  // namespace

std::span<const terminal::Verb> verbs() noexcept { return kVerbs; }

}  // namespace emdyn::cli
