#include "emdyn/app/cli/verbs.hpp"

#include <array>

#include "emdyn/app/cli/plugin.hpp"

namespace emdyn::app::cli {
namespace {

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
    app::terminal::Verb{"demo", "train a network, watch it, forecast, explain, write a report",
                        &run_demo},
    app::terminal::Verb{"lab", "simulated experiments: list, run", &run_lab},
    app::terminal::Verb{"model", "networks: look at them, train them", &run_model},
    app::terminal::Verb{"probe", "measure the weights of checkpoints, layer by layer", &run_probe},
    app::terminal::Verb{"stress", "provoke a network: strange and hostile inputs", &run_stress},
    app::terminal::Verb{"guard", "p-value, flag and reason of single inputs: fit, score",
                        &run_guard},
    app::terminal::Verb{"import", "read CSV, JSONL or TensorBoard files into a store", &run_import},
    app::terminal::Verb{"watch", "follow growing files: events as they happen", &run_watch},
    app::terminal::Verb{"detect", "score a series, or list the detectors", &run_detect},
    app::terminal::Verb{"segment", "change points of a finished series", &run_segment},
    app::terminal::Verb{"analyze", "transitions and early warning of a run or file", &run_analyze},
    app::terminal::Verb{"forecast", "how likely a target is before its deadline", &run_forecast},
    app::terminal::Verb{"explain", "what moved the forecast, what decides a sweep", &run_explain},
    app::terminal::Verb{"predictor", "learn and judge predictors: train, eval, card, use",
                        &run_predictor},
    app::terminal::Verb{"report", "one self-contained HTML page of a run", &run_report},
    app::terminal::Verb{"serve", "the live page of a store and its HTTP API", &run_serve},
    app::terminal::Verb{"runs", "list, remove, tag and compare runs", &run_runs},
    app::terminal::Verb{"events", "the alarms of a run", &run_events},
    app::terminal::Verb{"export", "points of runs as CSV or JSONL", &run_export},
    app::terminal::Verb{"bench", "measure speed beside a baseline", &run_bench},
    app::terminal::Verb{"doctor", "examine the installation or a store", &run_doctor},
    app::terminal::Verb{"completion", "completion script for bash, zsh or fish", &run_completion},
};

}  // namespace

std::span<const app::terminal::Verb> verbs() noexcept { return kVerbs; }

}  // namespace emdyn::app::cli
