#include <fmt/format.h>

#include <limits>
#include <utility>

#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/analyze_source.hpp"
#include "emdyn/pipeline/run_report.hpp"
#include "emdyn/pipeline/runs_report.hpp"

namespace emdyn::app::cli {
namespace {

/// `--detector`: none, or one that looks however many points there are; by default auto, up to a limit.
void choose_detector(const std::string& detector, pipeline::RunReportOptions& options) {
  if (detector == "none") return;
  options.alarms.emplace();
  if (detector.empty()) return;
  options.alarms->detector = detector;
  options.most_alarm_points = std::numeric_limits<std::uint64_t>::max();
  detect::check_options(*options.alarms);
}

}  // namespace

int run_report(Arguments arguments, Console& console) {
  CLI::App app(
      "Write one self-contained HTML page of a run: no network, under 2 MB. Several runs are laid "
      "over each other on one page: where they differ, and which incidents they share.",
      "report");
  SourceOption source;
  pipeline::AnalyzeSource from;
  pipeline::RunReportOptions options;
  std::filesystem::path out = "report.html";
  std::string detector;
  source.add_to(app);
  app.add_option("MORE", from.more, "more runs, files or folders, laid over the first");
  app.add_option("--out", out, "file to write")->capture_default_str();
  app.add_option(
      "--detector", detector,
      "looks for alarms where a run holds none: a detector, or none (default: auto, up to "
      "300,000 points)");
  const auto* deadline =
      app.add_option("--deadline", options.deadline, "forecast the run before this position")
          ->check(CLI::PositiveNumber);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  options.roles = source.roles();
  choose_detector(detector, options);
  from.first = source.source();

  app::terminal::TaskLine line(console);
  pipeline::LoadedRuns loaded = pipeline::load_for_analysis(from, line.task());
  for (const std::string& note : loaded.notes) console.note(note);
  Json read = Json::array();
  for (const pipeline::Reading& reading : loaded.readings) {
    source.tell_reading(reading, console);
    read.push_back(source.read_json());
  }
  const std::size_t runs = loaded.runs.size();
  if (runs == 0) throw DataError(terminal_safe(source.text) + ": holds no runs");
  if (runs > 1 && deadline->count() > 0)
    throw ConfigError(fmt::format("--deadline belongs to the page of one run, got {} runs", runs));
  pipeline::WrittenReport written;
  if (runs == 1) {
    written = pipeline::write_run_report(std::move(loaded.runs.front()), options, out, line.task());
  } else {
    pipeline::AnalyzeOptions analyze;
    analyze.roles = options.roles;
    const std::string title = from.more.empty() ? source.text : fmt::format("{} runs", runs);
    written = pipeline::write_runs_report(std::move(loaded.runs), title, analyze, out, line.task());
  }
  if (source.store.json) {
    console.json(Json{{"report", written.path},
                      {"bytes", written.bytes},
                      {"headline", written.headline},
                      {"runs", runs},
                      {"read", read.size() == 1 ? read[0] : read}});
  } else {
    console.line(terminal_safe(written.headline));
    console.line(terminal_safe(written.path));
  }
  return kFine;
}

}  // namespace emdyn::app::cli
