#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/data/npy.hpp"
#include "emdyn/provoke/trial/corrupt_trial.hpp"

namespace emdyn::app::torch_plugin {
namespace {

void print_trial(const provoke::trial::CorruptTrial& trial, app::terminal::Console& console) {
  using Align = app::terminal::Table::Align;
  app::terminal::Table table({{"corruption"},
                              {"1", Align::right},
                              {"2", Align::right},
                              {"3", Align::right},
                              {"4", Align::right},
                              {"5", Align::right},
                              {"mean", Align::right}});
  for (const provoke::trial::CorruptionFinding& one : trial.findings) {
    std::vector<std::string> cells{one.name};
    for (const double rate : one.error_rate) cells.push_back(fmt::format("{:.1f} %", 100.0 * rate));
    const double sum = std::accumulate(one.error_rate.begin(), one.error_rate.end(), 0.0);
    cells.push_back(fmt::format("{:.1f} %", 20.0 * sum));
    table.row(std::move(cells));
  }
  table.print(console);
  console.line(
      fmt::format("share misclassified at severities 1 to 5 ({} constants); {:.1f} % of {} "
                  "without corruption",
                  trial.constants,
                  100.0 * static_cast<double>(trial.clean_errors) /
                      static_cast<double>(std::max<std::size_t>(1, trial.examples)),
                  trial.examples));
}

}  // namespace

int run_stress_corrupt(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("Errors of a network under common corruptions, severities 1 to 5.",
               "stress corrupt");
  SubjectOptions subject_options;
  subject_options.add_to(app);
  provoke::trial::CorruptTrialOptions options;
  RunOptions running;
  app.add_option("--corruption", options.names,
                 "only this one; may be repeated (default: all that fit the data)")
      ->allow_extra_args(false);
  app.add_option("--constants", options.constants,
                 "of which published set the severities are: auto goes by the image's size")
      ->check(CLI::IsMember({"auto", "image_net", "small"}))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of noise and places")->capture_default_str();
  std::filesystem::path folder;
  app.add_option("--save", folder,
                 "write the corrupted examples there, NAME_SEVERITY.npz (x as floats, labels y)");
  running.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  const ThreadLimit limit(running.threads);
  const auto start = std::chrono::steady_clock::now();
  const auto subject = load_subject(subject_options, console);
  if (!folder.empty()) {
    std::filesystem::create_directories(folder);
    options.saw = [&](const std::string& name, std::size_t severity,
                      const model::data::Dataset& set) {
      replace_file(folder / fmt::format("{}_{}.npz", name, severity),
                   model::data::npz_of_floats(set));
    };
  }
  const app::terminal::TaskLine line(console);
  const auto trial =
      provoke::trial::run_corrupt_trial(*subject.model, subject.dataset, options, line.task());
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
