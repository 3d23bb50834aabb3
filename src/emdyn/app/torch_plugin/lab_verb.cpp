#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/listing.hpp"
#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/app/torch_plugin/monitored.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/lab/registry.hpp"

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

int run_experiment(const std::string& name, const Params& params, const std::string& store_path,
                   bool json, app::terminal::Console& console) {
  const auto experiment = model::lab::make_experiment(name, params);
  auto store = collect::store::Store::open(store_path, collect::store::Mode::write);
  app::terminal::Progress progress(console, name, static_cast<std::uint64_t>(experiment->steps()),
                                   "steps");
  Hooks hooks;
  hooks.row = [&](std::int64_t step, const series::Run& so_far) {
    const series::Signal* signal = sparkline_signal(so_far);
    std::string tail;
    if (signal != nullptr) {
      tail = fmt::format("{} {} {:.3f}", signal->name, app::terminal::sparkline(signal->values, 16),
                         signal->values.back());
    }
    progress.update(static_cast<std::uint64_t>(step), tail);
  };
  const Monitored done = run_monitored(*experiment, store, console, hooks);
  if (json) {
    Json document{{"run", done.id}, {"run_ids", Json::array({done.id})}, {"store", store_path}};
    document.update(model::lab::outcome_json(done.outcome));
    document["points"] = done.points;
    document["nonfinite"] = done.nonfinite;
    document["dropped"] = done.dropped;
    document["events"] = done.events.size();
    console.json(document);
  } else {
    console.clear_status();
    console.line(fmt::format("{}  {} steps, {:.0f} steps/s, {} points, {} events", done.id,
                             done.outcome.steps, done.outcome.steps_per_second(), done.points,
                             done.events.size()));
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
  std::string name;
  std::vector<std::string> settings;
  std::size_t threads = 0;
  bool json = false;
  app.add_flag("--json", json, "print JSON");
  app.fallthrough();
  app.add_subcommand("list", "experiments and their settings");
  CLI::App* run = app.add_subcommand("run", "run one into a store");
  run->add_option("NAME", name, "experiment, as lab list names it")->required();
  run->add_option("--set", settings, "NAME=VALUE, as lab list names them; may be repeated")
      ->allow_extra_args(false);
  run->add_option("--store", store, "folder of runs; $EMDYN_STORE, else emdyn-store");
  run->add_option("--threads", threads,
                  "at most this many; 0 for all cores (results do not depend on it)")
      ->check(CLI::Range(0, 1024));
  app.require_subcommand(1);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  if (!run->parsed()) return list_experiments(json, console);
  const ThreadLimit limit(threads);
  return run_experiment(name, app::terminal::parse_settings(settings, "--set"), store, json,
                        console);
}

}  // namespace emdyn::app::torch_plugin
