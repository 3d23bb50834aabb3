#include "emdyn/pipeline/watch.hpp"

#include <fmt/format.h>

#include "emdyn/app/cli/alarm_option.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/cli/watch_print.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/watch_reactions.hpp"

namespace emdyn::app::cli {
namespace {

struct WatchRequest {
  StoreOption store;
  ReadOption read;
  AlarmOption alarms;
  std::filesystem::path path;
  pipeline::WatchOptions options;
  bool wait = false;
  double deadline = 0.0;
  bool no_forecast = false;
  std::vector<std::string> targets;
  std::vector<std::string> roles;
  std::string command;
  std::size_t commands_at_once = 4;
  std::vector<std::string> fail_on;

  pipeline::WatchReactions::Options reactions() const {
    pipeline::WatchReactions::Options reactions;
    reactions.fail_on = pipeline::event_kinds(fail_on);
    if (!command.empty()) {
      pipeline::EventCommand::Options& run = reactions.command.emplace();
      run.command = command;
      run.at_once = commands_at_once;
    }
    return reactions;
  }
};

void add_options(CLI::App& app, WatchRequest& request) {
  pipeline::WatchOptions& options = request.options;
  app.add_option("PATH", request.path, "file or folder")->required();
  app.add_flag("--wait", request.wait, "PATH need not exist yet");
  app.add_option("--poll", options.poll_seconds, "seconds between looks")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0));
  app.add_option("--idle", options.idle_seconds,
                 "end after so many seconds without a point; 0: never")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e9));
  app.add_flag("--again", options.again, "make new runs also of files that were read before");
  app.add_flag("--once", options.once, "read to the end as it is now, and end")
      ->excludes("--idle")
      ->excludes("--wait");
  app.add_option(
      "--exec", request.command,
      "shell command run for every event, which it gets as JSON on standard input and in EMDYN_EVENT, "
      "EMDYN_SIGNAL, EMDYN_POSITION, EMDYN_KIND, …");
  app.add_option("--exec-at-once", request.commands_at_once,
                 "commands that run at one time, at most")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{64}));
  app.add_option(
         "--fail-on", request.fail_on,
         "KIND (or any): end with exit code 1 at the first event of this kind, with --once at the end; may be "
         "repeated")
      ->allow_extra_args(false);
  app.add_option("--deadline", request.deadline,
                 "position before which each run's target must be reached, for live forecasts; "
                 "default: the run's setting \"steps\", without which there are none")
      ->check(CLI::Range(1e-12, 1e300));
  app.add_flag("--no-forecast", request.no_forecast, "make no live forecasts")
      ->excludes("--deadline");
  app.add_option(
         "--target", request.targets,
         fmt::format("forecast this live instead of test accuracy >= 0.9; may be repeated: {}",
                     forecast::kTargetGrammar))
      ->allow_extra_args(false)
      ->excludes("--no-forecast");
  app.add_option("--role", request.roles, "ROLE=SIGNAL where a signal's name says not what it is")
      ->allow_extra_args(false);
  request.alarms.add_to(app);
  request.store.add_to(app);
  request.read.add_to(app);
}

}  // namespace

int run_watch(Arguments arguments, Console& console) {
  CLI::App app(
      "Follow a growing log, or all logs of a folder, through rotation: points are stored, then their events "
      "printed (NDJSON with --json). Ctrl-C ends it; started again, it goes on where it was.",
      "watch");
  WatchRequest request;
  add_options(app, request);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  if (!request.wait && !std::filesystem::exists(request.path)) {
    throw DataError(fmt::format("{}: no such file or folder; --wait waits for it",
                                terminal_safe(request.path.string())));
  }
  const auto reactions_options = request.reactions();
  pipeline::WatchOptions& options = request.options;
  options.read = request.read.get();
  options.recorder = request.alarms.get(app, request.store.path, options.read);
  WatchPrinter printer(console, request.store.json);
  if (!request.no_forecast) {
    pipeline::LiveForecastOptions& forecast = options.forecast.emplace();
    if (app.count("--deadline") > 0) forecast.deadline = request.deadline;
    for (const std::string& target : request.targets)
      forecast.targets.push_back(forecast::parse_signal_target(target));
    for (const std::string& role : request.roles) series::add_role_choice(forecast.roles, role);
    forecast.on_forecast = [&](const series::Forecast& made) { printer.forecast(made); };
  }
  auto store = request.store.open(collect::store::Mode::write);
  pipeline::WatchReactions reactions(store, reactions_options);
  options.on_warning = [&](std::string_view text) { printer.warning(text); };
  options.on_event = [&](const series::Event& event) {
    printer.event(event);
    printer.incidents(reactions.push(event));
  };
  options.enough = [&] {
    if (const std::string warning = reactions.take_warning(); !warning.empty())
      printer.warning(warning);
    return reactions.failed();
  };
  const Task task(console.stop_flag(),
                  [&](const TaskProgress& now) { printer.progress(request.path.string(), now); });
  const pipeline::WatchResult result = pipeline::watch(store, request.path, options, task);
  printer.incidents(reactions.finish());
  if (const std::string warning = reactions.take_warning(); !warning.empty())
    printer.warning(warning);
  console.note(fmt::format("{}, {} in {} of {}", counted(result.points, "point"),
                           counted(result.events, "event"), counted(result.run_ids.size(), "run"),
                           terminal_safe(request.store.path)));
  console.note(pipeline::metrics_line(result.metrics));
  if (const std::string line = reactions.summary(); !line.empty()) console.note(line);
  return reactions.failed() ? kSaidNo : kFine;
}

}  // namespace emdyn::app::cli
