#include "emdyn/app/lab/lab_command.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/listing.hpp"
#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/lab/monitored/monitored.hpp"
#include "emdyn/pipeline/live_forecast.hpp"

namespace emdyn::app::lab {
namespace {

/// The signal that a line of progress draws: of a training what it is judged by, else the second
/// one, for the first of a sweep is what is swept.
const series::Signal* drawn_signal(const series::Run& run) {
  for (const char* name : {"test_accuracy", "test_loss", "train_loss"}) {
    if (const series::Signal* signal = run.find(name); signal != nullptr && signal->size() > 0)
      return signal;
  }
  if (run.signals.empty()) return nullptr;
  const series::Signal& signal = run.signals[std::min<std::size_t>(1, run.signals.size() - 1)];
  return signal.size() > 0 ? &signal : nullptr;
}

Json document_of(const model::lab::Monitored& done, const LabCommand& command,
                 const pipeline::LatestForecast& latest) {
  Json document{{"run", done.id}, {"run_ids", Json::array({done.id})}, {"store", command.store}};
  document.update(model::lab::outcome_json(done.outcome));
  document["points"] = done.points;
  document["nonfinite"] = done.nonfinite;
  document["dropped"] = done.dropped;
  document["events"] = done.events.size();
  document["forecasts"] = latest.count();
  const auto last = latest.last();
  document["last_forecast"] = last ? Json(*last) : Json();
  return document;
}

void print_outcome(const model::lab::Monitored& done, const LabCommand& command,
                   const pipeline::LatestForecast& latest, terminal::Console& console) {
  console.clear_status();
  console.line(fmt::format("{}  {}, {:.0f} steps/s, {}, {}", done.id,
                           counted(static_cast<std::uint64_t>(done.outcome.steps), "step"),
                           done.outcome.steps_per_second(), counted(done.points, "point"),
                           counted(done.events.size(), "event")));
  for (const model::lab::Truth& truth : done.outcome.truth)
    console.line(model::lab::describe(truth));
  if (const auto last = latest.last())
    console.line(terminal_safe(pipeline::live_forecast_line(*last)));
  console.note(
      fmt::format("next: emdyn analyze {} --store {}", done.id, terminal_safe(command.store)));
}

int run_experiment(const LabCommand& command, const model::lab::ExperimentEntry& entry,
                   terminal::Console& console) {
  const auto experiment = entry.make(command.settings);
  auto store = collect::store::Store::open(command.store, collect::store::Mode::write);
  terminal::Progress progress(console, command.name,
                              static_cast<std::uint64_t>(experiment->steps()), "steps");
  pipeline::LatestForecast latest;
  model::lab::RunHooks hooks;
  hooks.detection = command.detection;
  if (entry.trains) {  // What is forecast are goals of trainings.
    pipeline::LiveForecastOptions forecast;
    forecast.deadline = command.deadline;
    forecast.on_forecast = [&](const series::Forecast& made) { latest.take(made); };
    hooks.observer =
        std::make_unique<pipeline::LiveForecast>(forecast, experiment->configuration());
  }
  hooks.row = [&](std::int64_t step, const series::Run& so_far) {
    std::string tail;
    if (const series::Signal* signal = drawn_signal(so_far)) {
      tail = fmt::format("{} {} {:.3f}  {}", signal->name, terminal::sparkline(signal->values, 16),
                         signal->values.back(), latest.text());
    }
    progress.update(static_cast<std::uint64_t>(step), tail);
  };
  const model::lab::Monitored done =
      model::lab::run_monitored(*experiment, store, std::move(hooks), Task(console.stop_flag()));
  if (command.json) {
    console.json(document_of(done, command, latest));
  } else {
    print_outcome(done, command, latest, console);
  }
  return 0;
}

}  // namespace

std::optional<LabCommand> parse_lab(std::span<const std::string> arguments,
                                    terminal::Console& console) {
  CLI::App app("Simulated experiments whose every signal, and whose outcome, is known.", "lab");
  const char* from_environment = std::getenv("EMDYN_STORE");
  LabCommand command;
  command.store = from_environment != nullptr ? from_environment : "emdyn-store";
  command.detection = model::lab::lab_detection();
  double alpha = 0.0;
  double deadline = 0.0;
  std::vector<std::string> settings;
  app.add_flag("--json", command.json, "print JSON");
  app.fallthrough();
  app.add_subcommand("list", "experiments and their settings");
  CLI::App* run = app.add_subcommand("run", "run one into a store");
  run->add_option("NAME", command.name, "experiment, as lab list names it")->required();
  run->add_option("--set", settings, "NAME=VALUE, as lab list names them; may be repeated")
      ->allow_extra_args(false);
  run->add_option("--store", command.store, "folder of runs; $EMDYN_STORE, else emdyn-store");
  run->add_option("--detector", command.detection.detector, "a name from emdyn detect --list")
      ->capture_default_str();
  run->add_option("--alpha", alpha, "false alarms allowed per sample of a signal; default: 1e-3")
      ->check(CLI::Range(1e-12, 0.5));
  run->add_option("--deadline", deadline,
                  "step before which the target is forecast; default: the last one")
      ->check(CLI::Range(1.0, 1e12));
  run->add_option("--threads", command.threads,
                  "at most this many; 0 for all cores (results do not depend on it)")
      ->check(CLI::Range(0, 1024));
  app.require_subcommand(1);
  if (!terminal::parse(app, arguments, console)) return std::nullopt;
  command.run = run->parsed();
  command.settings = terminal::parse_settings(settings, "--set");
  if (run->count("--alpha") > 0) command.detection.alpha = alpha;
  if (run->count("--deadline") > 0) command.deadline = deadline;
  detect::check_options(command.detection);
  return command;
}

int run_lab(const LabCommand& command, const Experiments& experiments, terminal::Console& console) {
  if (!command.run) {
    terminal::list_entries("experiments", experiments.form(), described(experiments), command.json,
                           console);
    return 0;
  }
  const ThreadLimit limit(command.threads);
  return run_experiment(command, experiments.find(command.name), console);
}

}  // namespace emdyn::app::lab
