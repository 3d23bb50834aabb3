#include <fmt/format.h>
#include <fmt/ranges.h>

#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/pipeline/forecast_run.hpp"

namespace emdyn::app::cli {

int run_forecast(Arguments arguments, Console& console) {
  CLI::App app(
      "How likely is it that test accuracy reaches 0.9 and stays there before the deadline? Each "
      "forecast sees only the records up to its position; it abstains where a role is missing.",
      "forecast");
  SourceOption source;
  forecast::ForecastOptions options;
  double deadline = 0.0;
  double at = 0.0;
  source.add_to(app);
  app.add_option("--deadline", deadline,
                 "position before which the target must be reached; default: the "
                 "run's setting \"steps\"");
  app.add_option("--at", at, "forecast from this position; default: the last one");
  app.add_option("--level", options.level, "of the probability's interval")
      ->check(CLI::Range(0.5, 0.999));
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  options.roles = source.roles();
  const series::Run run = source.load_run(console);
  const bool given = app.count("--deadline") > 0;
  options.deadline =
      pipeline::forecast_deadline(run, given ? std::optional(deadline) : std::nullopt);
  if (app.count("--at") > 0) options.at = checked_position(at, "--at");
  const pipeline::RunForecast result = pipeline::forecast_run(run, options);
  if (source.store.json) {
    Json document = pipeline::forecast_json(result);
    document["read"] = source.read_json();
    console.json(document);
    return kFine;
  }
  if (!result.in_percent.empty()) {
    console.remark(
        fmt::format("in percent, read as fractions: {}",
                    terminal_safe(fmt::format("{}", fmt::join(result.in_percent, ", ")))));
  }
  console.line(pipeline::forecast_sentence(result));
  if (result.forecast.status == series::ForecastStatus::abstained) return kFine;
  if (const std::string path = pipeline::path_sentence(result); !path.empty()) console.line(path);
  console.note(fmt::format("predictor {}; emdyn explain with the same arguments says what moved it",
                           result.predictor));
  return kFine;
}

}  // namespace emdyn::app::cli
