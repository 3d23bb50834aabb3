#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/app/torch_plugin/stress_verb.hpp"
#include "emdyn/app/torch_plugin/subject.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/provoke/guard/deployed/deployed.hpp"
#include "emdyn/provoke/trial/tripwires.hpp"

namespace emdyn::app::torch_plugin {
namespace {

constexpr std::uint64_t kLargestGuard = std::uint64_t{1} << 32U;
constexpr std::size_t kListed = 10;
constexpr const char* kNote =
    "p-values assume inputs exchangeable with the calibration examples; an adversary's are not";

using Clock = std::chrono::steady_clock;

struct FitArguments {
  SubjectOptions subject;
  std::string calibration;
  std::string calibration_split{};
  std::size_t calibration_limit = 0;
  std::string out = "guard.bin";
  std::vector<std::string> settings;
};

void print_fitted(const FitArguments& arguments, const provoke::guard::FittedGuard& fitted,
                  app::terminal::Console& console) {
  console.line(fmt::format("{}: {} scores fitted on {} examples, p-values from {} others",
                           terminal_safe(arguments.out), fitted.guard.panel().size(),
                           fitted.reference, fitted.guard.calibration_size()));
  for (const std::string& note : fitted.notes) console.warn(note);
  console.note(fmt::format("next: emdyn guard score --guard {} --model … --data …",
                           terminal_safe(arguments.out)));
}

int fit(const FitArguments& arguments, bool json, app::terminal::Console& console) {
  provoke::guard::GuardOptions options;
  apply_params(provoke::guard::GuardOptions::kName, provoke::guard::kOptionFields,
               app::terminal::parse_settings(arguments.settings, "--set"), options);
  const auto start = Clock::now();
  SubjectOptions from = arguments.subject;
  // Of data in two parts the training part, which --calibration then holds nothing of.
  if (from.split.empty() && std::filesystem::is_directory(from.data)) from.split = "train";
  const auto subject = load_subject(from, console);
  torch::Tensor calibration;
  if (!arguments.calibration.empty()) {
    calibration = model::examples(provoke::trial::load_examples(
        arguments.calibration, arguments.calibration_split, arguments.calibration_limit,
        subject.model->signature(), false));
  }
  const app::terminal::TaskLine line(console);
  const auto fitted = provoke::guard::fit_guard(*subject.model, subject.inputs, subject.labels,
                                                calibration, options, line.task());
  const auto bytes = fitted.guard.serialise();
  replace_file(arguments.out, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  console.clear_status();
  if (!json) {
    print_fitted(arguments, fitted, console);
    return 0;
  }
  Json document{{"guard", arguments.out}, {"bytes", bytes.size()}};
  document.update(Json(fitted));
  document["seconds"] = seconds_since(start);
  console.json(document);
  return 0;
}

struct ScoreArguments {
  SubjectOptions subject;
  std::string guard = "guard.bin";
  provoke::guard::ScreenOptions screen;
  bool tripwires = false;
  std::vector<std::string> settings;
  bool summary = false;
};

struct Scored {
  provoke::guard::Screening screening;
  std::vector<provoke::trial::Trial> trials{};
};

void print_scored(const Scored& scored, app::terminal::Console& console) {
  const provoke::guard::Screening& found = scored.screening;
  app::terminal::Table table({{"input", app::terminal::Table::Align::right},
                              {"p", app::terminal::Table::Align::right},
                              {"taken for", app::terminal::Table::Align::right},
                              {"strange by"},
                              {"feature", app::terminal::Table::Align::right},
                              {"nearest example", app::terminal::Table::Align::right}});
  std::size_t listed = 0;
  for (std::size_t i = 0; i < found.verdicts.size() && listed < kListed; ++i) {
    if (found.flags[i] == 0) continue;
    const provoke::guard::InputVerdict& one = found.verdicts[i];
    table.row({std::to_string(i), fmt::format("{:.2g}", one.p_value), std::to_string(one.predicted),
               one.score, one.features.empty() ? "-" : std::to_string(one.features[0].feature),
               one.neighbours.empty() ? "-"
                                      : fmt::format("{} (class {})", one.neighbours[0].index,
                                                    one.neighbours[0].label)});
    ++listed;
  }
  if (listed > 0) table.print(console);
  console.line(
      fmt::format("{} of {} inputs flagged at a false discovery rate of {:g} ({}); first "
                  "{} shown; {:.0f} µs an input, {:.0f} of them the network",
                  found.flagged(), found.verdicts.size(), found.options.fdr,
                  found.options.online ? "e-LOND, online" : "Benjamini-Hochberg", listed,
                  found.network_us + found.guard_us, found.network_us));
  for (const series::Event& event : found.events)
    console.line(fmt::format("drift: strangeness shifted at input {:g}", event.position));
  for (const provoke::trial::Trial& one : scored.trials) {
    console.line(
        fmt::format("{}: notices {:.0f} % of {} at 1 % false alarms, {:.0f} % at 5 %; of an "
                    "attacker who knows it {:.0f} % and {:.0f} %",
                    one.name, 100 * one.detected[0], one.attack, 100 * one.detected[1],
                    100 * one.adaptive_detected[0], 100 * one.adaptive_detected[1]));
  }
  console.note(kNote);
}

Json document_of(const Scored& scored, const ScoreArguments& arguments) {
  Json document = scored.screening;
  if (arguments.tripwires) document["tripwires"] = scored.trials;
  document["note"] = kNote;
  if (arguments.summary) return document;
  Json verdicts = Json::array();
  for (std::size_t i = 0; i < scored.screening.verdicts.size(); ++i)
    verdicts.push_back(provoke::guard::verdict_json(scored.screening, i));
  document["verdicts"] = std::move(verdicts);
  return document;
}

int score(const ScoreArguments& arguments, bool json, app::terminal::Console& console) {
  provoke::guard::check(arguments.screen);
  provoke::trial::TrialOptions trial_options;
  apply_params(provoke::trial::TrialOptions::kName, provoke::trial::kTrialFields,
               app::terminal::parse_settings(arguments.settings, "--set"), trial_options);
  const std::string stored = read_whole_file(arguments.guard, kLargestGuard);
  const provoke::guard::Guard guard =
      provoke::guard::Guard::restore(std::as_bytes(std::span(stored)));
  const auto model = provoke::trial::load_model(arguments.subject);
  const auto examples = provoke::trial::load_examples(
      arguments.subject.data, arguments.subject.split, arguments.subject.limit, model->signature(),
      arguments.tripwires);
  const torch::Tensor inputs = model::examples(examples);
  const app::terminal::TaskLine line(console);
  Scored scored{provoke::guard::screen(guard, *model, inputs, examples.labels, arguments.screen,
                                       line.task())};
  if (arguments.tripwires)
    scored.trials = provoke::trial::try_on_halves(*model, guard.density(), inputs, examples.labels,
                                                  trial_options, line.task());
  console.clear_status();
  if (json) {
    console.json(document_of(scored, arguments));
  } else {
    print_scored(scored, console);
  }
  return 0;
}

}  // namespace

int run_guard(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("A guard of single inputs: how strange is each, and why?", "guard");
  FitArguments fitting;
  ScoreArguments scoring;
  RunOptions running;
  running.add_to(app);
  app.fallthrough();
  CLI::App* fit_app = app.add_subcommand("fit", "learn from in-distribution examples");
  fitting.subject.add_to(*fit_app);
  fit_app->add_option("--calibration", fitting.calibration,
                      "examples the network was not trained on; default: held out of --data");
  fit_app->add_option("--calibration-split", fitting.calibration_split, "train or test")
      ->check(CLI::IsMember({"train", "test"}));
  fit_app->add_option("--calibration-limit", fitting.calibration_limit,
                      "only the first so many; 0 for all");
  fit_app->add_option("--out", fitting.out, "file to write")->capture_default_str();
  fit_app->add_option("--set", fitting.settings, "NAME=VALUE of the guard; may be repeated")
      ->allow_extra_args(false);
  CLI::App* score_app = app.add_subcommand("score", "p-value, flag and reason of each input");
  scoring.subject.add_to(*score_app);
  score_app->add_option("--guard", scoring.guard, "file made by guard fit")->capture_default_str();
  score_app->add_option("--fdr", scoring.screen.fdr, "false discovery rate of the flags")
      ->capture_default_str();
  score_app->add_flag("--online", scoring.screen.online,
                      "decide one input after the other (e-LOND)");
  score_app->add_option("--batch", scoring.screen.batch,
                        "also test batches of so many inputs as a whole");
  score_app->add_flag("--tripwires", scoring.tripwires,
                      "attack the tripwires on these inputs, unaware and adaptive");
  score_app->add_option("--set", scoring.settings, "NAME=VALUE of the tripwire trials")
      ->allow_extra_args(false);
  score_app->add_flag("--summary", scoring.summary, "leave the single verdicts out of the JSON");
  app.require_subcommand(1);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  const ThreadLimit limit(running.threads);
  return fit_app->parsed() ? fit(fitting, running.json, console)
                           : score(scoring, running.json, console);
}

}  // namespace emdyn::app::torch_plugin
