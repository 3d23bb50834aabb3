#include <fmt/format.h>

#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/run_report.hpp"

namespace emdyn::app::cli {

int run_report(Arguments arguments, Console& console) {
  CLI::App app("Write one self-contained HTML page of a run: no network, under 2 MB.", "report");
  SourceOption source;
  pipeline::RunReportOptions options;
  std::filesystem::path out = "report.html";
  source.add_to(app);
  app.add_option("--out", out, "file to write")->capture_default_str();
  app.add_option("--deadline", options.deadline, "forecast the run before this position")
      ->check(CLI::PositiveNumber);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  options.roles = source.roles();
  const series::Run run = source.load_run(console);
  const pipeline::WrittenReport written = pipeline::write_run_report(run, options, out);
  if (source.store.json) {
    console.json(Json{{"report", written.path},
                      {"bytes", written.bytes},
                      {"headline", written.headline},
                      {"read", source.read_json()}});
  } else {
    console.line(terminal_safe(written.headline));
    console.line(terminal_safe(written.path));
  }
  return kFine;
}

}  // namespace emdyn::app::cli
