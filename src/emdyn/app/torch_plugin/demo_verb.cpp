#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/lab/monitored/monitored.hpp"
#include "emdyn/model/lab/registry.hpp"
#include "emdyn/pipeline/analysis_words.hpp"
#include "emdyn/pipeline/live_forecast.hpp"
#include "emdyn/pipeline/run_report.hpp"

namespace emdyn::app::torch_plugin {
namespace {

constexpr std::string_view kOrderParameter = "test_accuracy";

struct DemoOptions {
  std::filesystem::path out = "emdyn-demo";
  Params settings{};
  std::optional<double> deadline{};
};

/// What the demo prints and the report shows.
struct DemoResult {
  pipeline::RunFindings findings{};
  pipeline::WrittenReport report{};
};

const series::Transition* transition_of(const DemoResult& result) {
  const auto* fit = pipeline::main_transition(result.findings.analysis);
  return fit == nullptr ? nullptr : &fit->transition;
}

std::optional<double> crossed_at(const DemoResult& result) {
  return result.findings.forecast ? result.findings.forecast->crossed_at : std::nullopt;
}

/// From where on the forecast stayed above its threshold: a crossing must last.
std::optional<double> passed_at(const DemoResult& result) {
  const auto& told = result.findings.forecast;
  return told ? forecast::path_story(told->path, told->threshold).passed_at : std::nullopt;
}

/// Steps from there to the low end of the onset's interval; negative when it came too late.
std::optional<double> lead(const DemoResult& result) {
  const series::Transition* transition = transition_of(result);
  const auto passed = passed_at(result);
  if (transition == nullptr || !transition->onset || !passed) return std::nullopt;
  return transition->onset->low - *passed;
}

DemoResult conclude(collect::monitor::Monitor& monitor, const series::Run& run,
                    const DemoOptions& options, double deadline) {
  DemoResult result;
  pipeline::RunReportOptions report_options;
  report_options.deadline = deadline;
  result.findings = pipeline::find_out(run, report_options);
  for (const auto& fit : result.findings.analysis.fits) {
    if (fit.transition.kind != series::TransitionKind::none) monitor.record(fit.transition);
  }
  if (!result.findings.drivers.contributions.empty()) monitor.record(result.findings.drivers);
  result.report = pipeline::write_report(pipeline::report_data(run, result.findings),
                                         options.out / "report.html");
  return result;
}

Json drivers_json(const series::Attribution& attribution) {
  Json list = Json::array();
  for (const auto& each : attribution.contributions) {
    Json row = each;
    list.push_back(std::move(row));
  }
  return list;
}

Json result_json(const DemoResult& result, const model::lab::Monitored& run,
                 const DemoOptions& options, double seconds) {
  const series::Transition* transition = transition_of(result);
  const auto first = std::ranges::min_element(run.events, {}, &series::Event::position);
  Json json{{"run", run.id}, {"store", (options.out / "store").string()}};
  json["transition"] = transition != nullptr ? Json(*transition) : Json();
  json["first_alarm"] = first != run.events.end() ? Json(*first) : Json();
  json["forecast_crossed_at"] = number_or_null(crossed_at(result));
  json["forecast_passed_at"] = number_or_null(passed_at(result));
  json["lead"] = number_or_null(lead(result));
  json["forecast_threshold"] =
      result.findings.forecast ? number_or_null(result.findings.forecast->threshold) : Json();
  json["drivers"] = drivers_json(result.findings.drivers);
  json["change_order"] = result.findings.order;
  json["probe_overhead_percent"] = run.outcome.probe_overhead_percent();
  json["report"] = result.report.path;
  json["headline"] = result.report.headline;
  json["steps"] = run.outcome.steps;
  json["steps_per_second"] = run.outcome.steps_per_second();
  json["points"] = run.points;
  json["dropped"] = run.dropped;
  json["nonfinite"] = run.nonfinite;
  json["events"] = run.events.size();
  json["seconds"] = seconds;
  return json;
}

void print_result(const DemoResult& result, const model::lab::Monitored& run,
                  app::terminal::Console& console) {
  console.line(console.bold(terminal_safe(result.report.headline)));
  for (const auto& fit : result.findings.analysis.fits) {
    if (fit.transition.order_parameter == kOrderParameter)
      console.line(pipeline::transition_sentence(fit));
  }
  if (const auto ahead = lead(result)) {
    console.line(
        fmt::format("forecast: above its threshold from step {:.0f} on, {:.0f} steps {} the onset",
                    *passed_at(result), std::abs(*ahead), *ahead >= 0 ? "before" : "after"));
  } else {
    console.line("forecast: did not pass its threshold for good");
  }
  console.line(fmt::format(
      "{} points, {} events, {:.0f} steps/s, probes took {:.1f} % of the training", run.points,
      run.events.size(), run.outcome.steps_per_second(), run.outcome.probe_overhead_percent()));
  console.line(fmt::format("report: {}", terminal_safe(result.report.path)));
  console.note(fmt::format(
      "next: open the report; emdyn explain {0} --store {1}; emdyn events {0} --store {1}", run.id,
      terminal_safe((std::filesystem::path(result.report.path).parent_path() / "store").string())));
}

int run(const DemoOptions& options, bool json, app::terminal::Console& console) {
  const auto start = std::chrono::steady_clock::now();
  const auto experiment = model::lab::make_experiment("grokking", options.settings);
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) {
    throw StoreError(fmt::format("{}: cannot be made: {}", terminal_safe(options.out.string()),
                                 error.message()));
  }
  auto store = collect::store::Store::open(options.out / "store", collect::store::Mode::write);
  const double deadline = options.deadline.value_or(static_cast<double>(experiment->steps()));
  app::terminal::Progress progress(console, "demo", static_cast<std::uint64_t>(experiment->steps()),
                                   "steps");
  pipeline::LatestForecast latest;
  DemoResult result;
  pipeline::LiveForecastOptions forecast;
  forecast.deadline = deadline;
  forecast.on_forecast = [&](const series::Forecast& made) { latest.take(made); };
  model::lab::RunHooks hooks;
  hooks.run_name = "demo";
  hooks.observer = std::make_unique<pipeline::LiveForecast>(forecast, experiment->configuration());
  hooks.row = [&](std::int64_t step, const series::Run& so_far) {
    const series::Signal* accuracy = so_far.find(kOrderParameter);
    if (accuracy == nullptr || accuracy->size() == 0) return;
    progress.update(static_cast<std::uint64_t>(step),
                    fmt::format("{} {} {:.2f}  {}", kOrderParameter,
                                app::terminal::sparkline(accuracy->values, 12),
                                accuracy->values.back(), latest.text()));
  };
  hooks.end = [&](collect::monitor::Monitor& monitor, const series::Run& whole,
                  const model::lab::ExperimentResult& outcome) {
    if (outcome.interrupted) return;
    console.status("analyzing, explaining, writing the report …");
    result = conclude(monitor, whole, options, deadline);
  };
  const model::lab::Monitored done =
      model::lab::run_monitored(*experiment, store, std::move(hooks), Task(console.stop_flag()));
  console.clear_status();
  if (done.outcome.interrupted) {
    console.note(
        fmt::format("interrupted at step {}; what was logged is kept: emdyn report {} --store {}",
                    done.outcome.steps, done.id, terminal_safe((options.out / "store").string())));
    return 130;
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (json) {
    console.json(result_json(result, done, options, seconds));
  } else {
    print_result(result, done, console);
  }
  return 0;
}

}  // namespace

int run_demo(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app(
      "Train a small network that suddenly generalises; watch it, forecast the jump before it "
      "happens, explain the forecast and write report.html.",
      "demo");
  DemoOptions options;
  std::vector<std::string> settings;
  std::int64_t seed = 1;
  double deadline = 0.0;
  std::size_t threads = 0;
  bool json = false;
  app.add_option("--out", options.out, "folder for report.html and the store")
      ->capture_default_str();
  app.add_option("--seed", seed, "of split and weights; 0 or more")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{9000000000000000}));
  app.add_option("--set", settings, "NAME=VALUE of the grokking lab; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--deadline", deadline,
                 "step before which generalisation is forecast; default: the last one")
      ->check(CLI::Range(1.0, 1e12));
  app.add_option("--threads", threads,
                 "at most this many; 0 for all cores (records do not depend on it)")
      ->check(CLI::Range(0, 1024));
  app.add_flag("--json", json, "print one JSON document");
  if (!app::terminal::parse(app, arguments, console)) return 0;
  options.settings = app::terminal::parse_settings(settings, "--set");
  if (app.count("--seed") > 0 || !options.settings.contains("seed")) {
    options.settings["seed"] = std::to_string(seed);
  }
  if (app.count("--deadline") > 0) options.deadline = deadline;
  const ThreadLimit limit(threads);
  return run(options, json, console);
}

}  // namespace emdyn::app::torch_plugin
