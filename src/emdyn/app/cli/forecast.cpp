#include <fmt/format.h>

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
  const series::Run run = pipeline::load_run(source.source());
  const bool given = app.count("--deadline") > 0;
  options.deadline =
      pipeline::forecast_deadline(run, given ? std::optional(deadline) : std::nullopt);
  if (app.count("--at") > 0) options.at = checked_position(at, "--at");
  const pipeline::RunForecast result = pipeline::forecast_run(run, options);
  if (source.store.json) {
    console.json(pipeline::forecast_json(result));
    return kFine;
  }
  console.line(pipeline::forecast_sentence(result.forecast));
  if (result.forecast.status == series::ForecastStatus::abstained) return kFine;
  if (result.crossed_at) {
    console.line(fmt::format("crossed the alarm threshold {:.2f} at {:.6g}", *result.threshold,
                             *result.crossed_at));
  } else if (result.threshold) {
    console.line(fmt::format("did not cross the alarm threshold {:.2f}", *result.threshold));
  }
  console.note(fmt::format("predictor {}; emdyn explain with the same arguments says what moved it",
                           result.predictor));
  return kFine;
}

}  // namespace emdyn::app::cli
