#include <fmt/format.h>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/provoke/trial/ood_trial.hpp"

namespace emdyn::app::torch_plugin {
namespace {

void print_trial(const provoke::trial::OodTrial& trial, app::terminal::Console& console) {
  app::terminal::Table table({{"set"},
                              {"score"},
                              {"AUROC", app::terminal::Table::Align::right},
                              {"AUPR", app::terminal::Table::Align::right},
                              {"FPR95", app::terminal::Table::Align::right}});
  for (const provoke::trial::OodFinding& one : trial.findings) {
    table.row({one.set, one.score, fmt::format("{:.2f}", 100.0 * one.auroc),
               fmt::format("{:.2f}", 100.0 * one.aupr_out),
               fmt::format("{:.1f}", 100.0 * one.fpr95)});
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
  provoke::trial::OodTrialOptions options;
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
  const auto subject = load_subject(subject_options, console);
  const model::Signature& signature = subject.model->signature();
  const auto train =
      provoke::trial::load_examples(subject_options.data, "train", fit_limit, signature, true);
  auto sets =
      provoke::trial::made_sets(subject.inputs, signature, subject.dataset.size(), options.seed);
  for (const std::string& path : strange_paths)
    sets.push_back(provoke::trial::strange_set(path, signature));
  const app::terminal::TaskLine line(console);
  const auto trial =
      provoke::trial::run_ood_trial(*subject.model, model::examples(train), train.labels,
                                    subject.inputs, subject.labels, sets, options, line.task());
  console.clear_status();
  if (running.json) {
    Json document = trial;
    document["seconds"] = seconds_since(start);
    console.json(document);
  } else {
    print_trial(trial, console);
  }
  return 0;
}

}  // namespace emdyn::app::torch_plugin
