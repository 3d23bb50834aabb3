#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/listing.hpp"
#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/model/lab/monitored.hpp"
#include "emdyn/model/lab/registry.hpp"
#include "emdyn/pipeline/live_forecast.hpp"

namespace emdyn::app::torch_plugin {
namespace {

int list_experiments(bool json, app::terminal::Console& console) {
  const auto& labs = model::lab::registry();
  app::terminal::list_entries("experiments", labs.form(), described(labs), json, console);
  return 0;
}

const series::Signal* sparkline_signal(const series::Run& run) {
  for (const char* name : {"test_accuracy", "test_loss", "train_loss"}) {
    if (const series::Signal* signal = run.find(name); signal != nullptr && signal->size() > 0)
      return signal;
  }
  return nullptr;
}

/// What `lab run` was asked for.
struct LabRun {
  std::string name;
  Params settings{};
  std::string store;
  detect::DetectOptions detection = model::lab::lab_detection();
  std::optional<double> deadline{};
  bool json = false;
};

int run_experiment(const LabRun& asked, app::terminal::Console& console) {
  const std::string& store_path = asked.store;
  const auto experiment = model::lab::make_experiment(asked.name, asked.settings);
  auto store = collect::store::Store::open(store_path, collect::store::Mode::write);
  app::terminal::Progress progress(console, asked.name,
                                   static_cast<std::uint64_t>(experiment->steps()), "steps");
  pipeline::LatestForecast latest;
  pipeline::LiveForecastOptions forecast;
  forecast.deadline = asked.deadline;
  forecast.on_forecast = [&](const series::Forecast& made) { latest.take(made); };
  model::lab::RunHooks hooks;
  hooks.detection = asked.detection;
  hooks.observer = std::make_unique<pipeline::LiveForecast>(forecast, experiment->configuration());
  hooks.row = [&](std::int64_t step, const series::Run& so_far) {
    const series::Signal* signal = sparkline_signal(so_far);
    std::string tail;
    if (signal != nullptr) {
      tail = fmt::format("{} {} {:.3f}  {}", signal->name,
                         app::terminal::sparkline(signal->values, 16), signal->values.back(),
                         latest.text());
    }
    progress.update(static_cast<std::uint64_t>(step), tail);
  };
  const model::lab::Monitored done =
      model::lab::run_monitored(*experiment, store, std::move(hooks), Task(console.stop_flag()));
  if (asked.json) {
    Json document{{"run", done.id}, {"run_ids", Json::array({done.id})}, {"store", store_path}};
    document.update(model::lab::outcome_json(done.outcome));
    document["points"] = done.points;
    document["nonfinite"] = done.nonfinite;
    document["dropped"] = done.dropped;
    document["events"] = done.events.size();
    document["forecasts"] = latest.count();
    const auto last = latest.last();
    document["last_forecast"] = last ? Json(*last) : Json();
    console.json(document);
  } else {
    console.clear_status();
    console.line(fmt::format("{}  {} steps, {:.0f} steps/s, {} points, {} events", done.id,
                             done.outcome.steps, done.outcome.steps_per_second(), done.points,
                             done.events.size()));
    if (const auto last = latest.last()) {
      console.line(terminal_safe(pipeline::live_forecast_line(*last)));
    }
    console.note(
        fmt::format("next: emdyn analyze {} --store {}", done.id, terminal_safe(store_path)));
  }
  return 0;
}

}  // namespace

int run_lab(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("Simulated experiments: networks in training whose every signal is known.", "lab");
  const char* from_environment = std::getenv("EMDYN_STORE");
  std::string store = from_environment != nullptr ? from_environment : "emdyn-store";
  LabRun asked;
  double alpha = 0.0;
  double deadline = 0.0;
  std::vector<std::string> settings;
  std::size_t threads = 0;
  bool json = false;
  app.add_flag("--json", json, "print JSON");
  app.fallthrough();
  app.add_subcommand("list", "experiments and their settings");
  CLI::App* run = app.add_subcommand("run", "run one into a store");
  run->add_option("NAME", asked.name, "experiment, as lab list names it")->required();
  run->add_option("--set", settings, "NAME=VALUE, as lab list names them; may be repeated")
      ->allow_extra_args(false);
  run->add_option("--store", store, "folder of runs; $EMDYN_STORE, else emdyn-store");
  run->add_option("--detector", asked.detection.detector, "a name from emdyn detect --list")
      ->capture_default_str();
  run->add_option("--alpha", alpha, "false alarms allowed per sample of a signal; default: 1e-3")
      ->check(CLI::Range(1e-12, 0.5));
  run->add_option("--deadline", deadline,
                  "step before which the target is forecast; default: the last one")
      ->check(CLI::Range(1.0, 1e12));
  run->add_option("--threads", threads,
                  "at most this many; 0 for all cores (results do not depend on it)")
      ->check(CLI::Range(0, 1024));
  app.require_subcommand(1);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  if (!run->parsed()) return list_experiments(json, console);
  const ThreadLimit limit(threads);
  asked.settings = app::terminal::parse_settings(settings, "--set");
  asked.store = store;
  asked.json = json;
  if (run->count("--alpha") > 0) asked.detection.alpha = alpha;
  if (run->count("--deadline") > 0) asked.deadline = deadline;
  detect::check_options(asked.detection);
  return run_experiment(asked, console);
}

}  // namespace emdyn::app::torch_plugin
