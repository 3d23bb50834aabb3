#include <fmt/format.h>

#include <filesystem>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/app/torch_plugin/ood_trial.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/network/observe.hpp"

namespace emdyn::app::torch_plugin {
namespace {

Json trial_json(const OodTrial& trial, double seconds) {
  Json scores = Json::array();
  for (std::size_t i = 0; i < trial.findings.size(); ++i) {
    const report::OodFinding& one = trial.findings[i];
    scores.push_back({{"set", one.set},
                      {"score", one.score},
                      {"auroc", one.auroc},
                      {"aupr_in", trial.aupr_in[i]},
                      {"aupr_out", one.aupr},
                      {"fpr95", one.fpr95}});
  }
  return {{"examples", trial.examples},
          {"clean_errors", trial.clean_errors},
          {"chosen", trial.choice.name},
          {"chosen_because", trial.choice.reason},
          {"note", trial.note.empty() ? Json(nullptr) : Json(trial.note)},
          {"scores", std::move(scores)},
          {"ledger", {{"forward", trial.ledger.forward}, {"gradient", trial.ledger.gradient}}},
          {"seconds", seconds}};
}

void print_trial(const OodTrial& trial, app::terminal::Console& console) {
  app::terminal::Table table({{"set"},
                              {"score"},
                              {"AUROC", app::terminal::Table::Align::right},
                              {"AUPR", app::terminal::Table::Align::right},
                              {"FPR95", app::terminal::Table::Align::right}});
  for (const report::OodFinding& one : trial.findings) {
    table.row({one.set, one.score, fmt::format("{:.2f}", 100.0 * one.auroc),
               fmt::format("{:.2f}", 100.0 * one.aupr), fmt::format("{:.1f}", 100.0 * one.fpr95)});
  }
  table.print(console);
  console.line(
      fmt::format("{} of {} familiar examples are misclassified; chosen without looking at "
                  "strange inputs: {} ({})",
                  trial.clean_errors, trial.examples, trial.choice.name, trial.choice.reason));
  if (!trial.note.empty()) console.warn(trial.note);
}

}  // namespace

int run_stress_ood(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("How well out-of-distribution scores tell strange inputs from familiar ones.",
               "stress ood");
  SubjectOptions subject_options;
  subject_options.add_to(app);
  std::vector<std::string> strange_paths;
  std::size_t fit_limit = 10000;
  OodTrialOptions options;
  RunOptions running;
  app.add_option("--ood", strange_paths, "strange examples: a folder or file; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--score", options.scores, "only this score; may be repeated (default: all)")
      ->allow_extra_args(false);
  app.add_option("--fit-limit", fit_limit, "training examples the scores learn from")
      ->check(CLI::Range(100, 100000000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the noise sets")->capture_default_str();
  running.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  const ThreadLimit limit(running.threads);
  for (const std::string& name : options.scores) provoke::ood::find_entry(name);
  const auto start = std::chrono::steady_clock::now();
  const Subject subject = load_subject(subject_options);
  const model::Signature& signature = subject.model->signature();
  const model::data::Dataset train =
      load_examples(subject_options.data, "train", fit_limit, signature, true);
  std::vector<StrangeSet> sets =
      made_sets(subject.inputs, signature, subject.dataset.size(), options.seed);
  for (const std::string& path : strange_paths) {
    const model::data::Dataset strange = load_examples(path, "", 0, signature, false);
    const std::filesystem::path place(path);
    const std::string stem =
        (std::filesystem::is_directory(place) ? place : place.parent_path()).filename().string();
    sets.push_back({stem.empty() ? path : stem, model::examples(strange)});
  }
  const OodTrial trial = run_ood_trial(
      *subject.model, model::examples(train), train.labels, subject.inputs, subject.labels, sets,
      options, [&](const std::string& what) { console.status(what); },
      [&] { return console.interrupted(); });
  console.clear_status();
  if (console.interrupted()) return 130;
  if (running.json) {
    console.json(trial_json(trial, seconds_since(start)));
  } else {
    print_trial(trial, console);
  }
  return 0;
}

}  // namespace emdyn::app::torch_plugin
