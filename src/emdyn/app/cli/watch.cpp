#include "emdyn/pipeline/watch.hpp"

#include <fmt/format.h>

#include "emdyn/app/cli/alarm_option.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

std::string event_line(const series::Event& event) {
  std::string text = fmt::format("{} {} {}", short_number(event.position),
                                 terminal_safe(event.signal), series::word(event.kind));
  if (event.direction != series::Direction::none)
    text += fmt::format(" {}", series::word(event.direction));
  if (event.p_value) text += fmt::format("  p {:.1e}", *event.p_value);
  if (event.onset) text += fmt::format("  since {}", short_number(event.onset->estimate));
  return text;
}

}  // namespace

int run_watch(Arguments arguments, Console& console) {
  CLI::App app(
      "Follow a growing log, or all logs of a folder, through rotation: points are stored, events "
      "printed as they happen (NDJSON with --json). Ctrl-C ends it and leaves a valid store.",
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
  options.recorder = alarm_option.recorder;
  options.stop = console.stop_flag();
  options.on_warning = [&](std::string_view text) { console.warn(text); };
  std::string last_event = "no event yet";
  options.on_event = [&](const series::Event& event) {
    last_event = event_line(event);
    store_option.json ? console.json(event) : console.line(last_event);
  };
  options.on_progress = [&](std::uint64_t points, std::size_t runs) {
    console.status(fmt::format("watching {}: {} points, {} runs; {}", terminal_safe(path.string()),
                               count_text(points), runs, last_event));
  };
  auto store = store_option.open(collect::store::Mode::write);
  const pipeline::WatchResult result = pipeline::watch(store, path, options);
  console.note(fmt::format("{} points, {} events in {} runs of {}", count_text(result.points),
                           count_text(result.events), result.run_ids.size(),
                           terminal_safe(store_option.path)));
  return kFine;
}

}  // namespace emdyn::app::cli
