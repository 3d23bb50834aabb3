#include "emdyn/pipeline/watch.hpp"

#include <fmt/format.h>

#include <utility>

#include "emdyn/app/cli/alarm_option.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

std::string event_line(const series::Event& event) {
  std::string text = fmt::format("{} {} {}", place_text(event.position),
                                 terminal_safe(event.signal), series::word(event.kind));
  if (event.direction != series::Direction::none)
    text += fmt::format(" {}", series::word(event.direction));
  if (event.p_value) text += fmt::format("  p {:.1e}", *event.p_value);
  if (event.onset) text += fmt::format("  since {}", place_text(event.onset->estimate));
  return text;
}

}  // namespace

int run_watch(Arguments arguments, Console& console) {
  CLI::App app(
      "Follow a growing log, or all logs of a folder, through rotation: points are stored, then their events "
      "printed (NDJSON with --json). Ctrl-C ends it; started again, it goes on where it was.",
      "watch");
  StoreOption store_option;
  ReadOption read_option;
  std::filesystem::path path;
  pipeline::WatchOptions options;
  bool wait = false;
  app.add_option("PATH", path, "file or folder")->required();
  app.add_flag("--wait", wait, "PATH need not exist yet");
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
  double deadline = 0.0;
  bool no_forecast = false;
  std::vector<std::string> roles;
  app.add_option("--deadline", deadline,
                 "position before which each run's target must be reached, for live forecasts; "
                 "default: the run's setting \"steps\", without which there are none")
      ->check(CLI::Range(1e-12, 1e300));
  app.add_flag("--no-forecast", no_forecast, "make no live forecasts")->excludes("--deadline");
  app.add_option("--role", roles, "ROLE=SIGNAL where a signal's name says not what it is")
      ->allow_extra_args(false);
  AlarmOption alarm_option;
  alarm_option.add_to(app);
  store_option.add_to(app);
  read_option.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  if (!wait && !std::filesystem::exists(path)) {
    throw DataError(fmt::format("{}: no such file or folder; --wait waits for it",
                                terminal_safe(path.string())));
  }
  options.read = read_option.get();
  options.recorder = alarm_option.get(app);
  options.on_warning = [&](std::string_view text) {
    console.warn(text);
    console.tell_held();  // It may be long until there is anything else to say.
  };
  std::string last_event = "no event yet";
  std::string last_forecast;
  options.on_event = [&](const series::Event& event) {
    last_event = event_line(event);
    store_option.json ? console.json(event) : console.line(last_event);
  };
  if (!no_forecast) {
    pipeline::LiveForecastOptions& forecast = options.forecast.emplace();
    if (app.count("--deadline") > 0) forecast.deadline = deadline;
    for (const std::string& role : roles) series::add_role_choice(forecast.roles, role);
    forecast.on_forecast = [&](const series::Forecast& made) {
      if (store_option.json) return console.json(made);
      // Abstentions are stored; on the screen only the first of a kind is news.
      const std::string line = made.reason.value_or(pipeline::live_forecast_line(made));
      if (std::exchange(last_forecast, line) != line) {
        console.note(terminal_safe(pipeline::live_forecast_line(made)));
      }
    };
  }
  const Task task(console.stop_flag(), [&](const TaskProgress& now) {
    console.status(fmt::format("watching {}: {} {}; {}", terminal_safe(path.string()),
                               count_text(now.done), now.unit, last_event));
  });
  auto store = store_option.open(collect::store::Mode::write);
  const pipeline::WatchResult result = pipeline::watch(store, path, options, task);
  console.note(fmt::format("{} points, {} events in {} runs of {}", count_text(result.points),
                           count_text(result.events), result.run_ids.size(),
                           terminal_safe(store_option.path)));
  return kFine;
}

}  // namespace emdyn::app::cli
