#include "emdyn/pipeline/import.hpp"

#include <fmt/format.h>

#include "emdyn/app/cli/alarm_option.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/store_option.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/source.hpp"

namespace emdyn::app::cli {

int run_import(Arguments arguments, Console& console) {
  CLI::App app(
      "Read CSV, JSONL or TensorBoard files (also gzipped) into a store. Formats are told by "
      "content; a step "
      "that goes back opens a new segment, empty cells are missing, NaN and infinities are kept. A file "
      "that was read before goes on where that ended. All files or none: a failed import leaves no run.",
      "import");
  StoreOption store_option;
  ReadOption read_option;
  std::vector<std::filesystem::path> paths;
  bool no_detect = false;
  bool again = false;
  AlarmOption alarm_option;
  app.add_option("PATH", paths, "files or folders")->required();
  app.add_flag("--no-detect", no_detect, "store only, raise no events");
  app.add_flag("--again", again, "make new runs also of files that were read before");
  alarm_option.add_to(app);
  store_option.add_to(app);
  read_option.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return kFine;

  pipeline::ImportOptions options;
  options.read = read_option.get();
  options.recorder = alarm_option.get(app, store_option.path, options.read);
  options.recorder.detect = !no_detect;
  const bool chosen = app.count("--detector") > 0 || app.count("--set") > 0;
  if (!chosen) options.most_samples = pipeline::kMostSamplesByDefault;
  options.again = again;
  options.on_warning = [&](std::string_view text) { console.warn(text); };
  auto store = store_option.open(collect::store::Mode::write);
  pipeline::ImportResult result;
  {
    app::terminal::Progress progress(console, "import", 0, "points");
    const Task task(console.stop_flag(),
                    [&](const TaskProgress& now) { progress.update(now.done); });
    result = pipeline::import_files(store, paths, options, task);
  }
  if (store_option.json) {
    console.json(pipeline::import_json(result, options));
    return kFine;
  }
  for (const std::string& id : result.run_ids) console.line(id);
  console.note(fmt::format(
      "{}, {}, {} ({} not finite, {} empty), {} in {:.2f} s", counted(result.run_ids.size(), "run"),
      counted(result.read.signals, "signal"), counted(result.read.points, "point"),
      count_text(result.read.nonfinite), counted(result.read.missing_cells, "cell"),
      counted(result.events, "event"), result.seconds));
  pipeline::Reading reading;
  reading.read = result.read;
  reading.runs = result.run_ids.size();
  reading.signals = result.read.signals;
  reading.points = result.read.points;
  console.note(fmt::format("emdyn: {}", pipeline::reading_line(reading)));
  if (result.cheaper) {
    console.note(fmt::format(
        "more than {} points: watched by {} at a twentieth of the cost of {}, which --detector {} gives to all",
        count_text(pipeline::kMostSamplesByDefault), detect::kWatch,
        options.recorder.detection.detector, options.recorder.detection.detector));
  }
  if (result.known_runs > 0) {
    console.note(fmt::format(
        "{} of the runs were in the store already and have what is new; --again makes new ones",
        result.known_runs));
  }
  if (!result.run_ids.empty()) {
    console.note(fmt::format("next: emdyn analyze {} --store {}", result.run_ids.front(),
                             terminal_safe(store_option.path)));
  }
  return kFine;
}

}  // namespace emdyn::app::cli
