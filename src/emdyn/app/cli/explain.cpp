#include <fmt/format.h>

#include "emdyn/app/cli/explain_sweep.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"
#include "emdyn/explain/order_of_change.hpp"
#include "emdyn/pipeline/analysis_words.hpp"
#include "emdyn/pipeline/analyze.hpp"
#include "emdyn/pipeline/forecast_run.hpp"

namespace emdyn::app::cli {
namespace {

void print_drivers(const series::Attribution& attribution, Console& console) {
  app::terminal::Table table({{"moved the forecast"},
                              {"phi (log-odds)", app::terminal::Table::Align::right},
                              {"interval", app::terminal::Table::Align::right}});
  for (const auto& each : attribution.contributions) {
    table.row({each.factor, fmt::format("{:+.2f}", each.phi),
               each.interval
                   ? fmt::format("[{:+.2f}, {:+.2f}]", each.interval->low, each.interval->high)
                   : "–"});
  }
  table.print(console);
  console.line(fmt::format("base {:+.2f}; base and phi add up to the forecast's log-odds",
                           attribution.base));
}

void print_order(const std::vector<explain::SignalChange>& order, Console& console) {
  app::terminal::Table table({{"signal"},
                              {"changed"},
                              {"onset", app::terminal::Table::Align::right},
                              {"lead", app::terminal::Table::Align::right},
                              {"order"}});
  for (const auto& each : order) {
    const double width = each.onset ? each.onset->high - each.onset->low : 0.0;
    table.row({each.signal, std::string(series::word(each.kind)),
               each.onset ? emergence::interval_text(*each.onset) : "–",
               each.lead ? emergence::position_text(*each.lead, width) : "–", each.order});
  }
  table.print(console);
  console.line("order in time is no proof of a cause");
}

}  // namespace

int run_explain(Arguments arguments, Console& console) {
  CLI::App app(
      "What moved the forecast (exact Shapley values in log-odds) and in which order the signals "
      "changed around the transition. With --outcome: which settings of a sweep, and which pairs "
      "of them, decide its outcome.",
      "explain");
  SourceOption source;
  forecast::ForecastOptions options;
  double deadline = 0.0;
  double at = 0.0;
  source.add_to(app);
  app.add_option("--deadline", deadline, "as for forecast");
  app.add_option("--at", at,
                 "explain the forecast at this position; default: where it crossed its threshold, "
                 "else the last one");
  SweepOption sweep;
  sweep.add_to(app);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  sweep.has_level = app.count("--level") > 0;
  if (sweep.given()) {
    explain_sweep_file(source.text, sweep, source.store.json, console);
    return kFine;
  }
  options.roles = source.roles();
  const series::Run run = source.load_run(console);
  const bool given = app.count("--deadline") > 0;
  options.deadline =
      pipeline::forecast_deadline(run, given ? std::optional(deadline) : std::nullopt);
  if (app.count("--at") > 0) options.at = checked_position(at, "--at");
  pipeline::RunForecast result = pipeline::forecast_run(run, options);
  if (!options.at && result.crossed_at) {
    options.at = result.crossed_at;
    result = pipeline::forecast_run(run, options);
  }
  pipeline::AnalyzeOptions analyze_options;
  analyze_options.roles = options.roles;
  analyze_options.order_parameters_only = true;
  analyze_options.parts.interactions = false;
  const Task task(console.stop_flag());
  const auto analysis = pipeline::analyze(run, analyze_options, task);
  const auto* main = pipeline::main_transition(analysis);
  const auto order = main ? explain::order_of_change(run, main->transition, task)
                          : std::vector<explain::SignalChange>{};
  if (source.store.json) {
    console.json(Json{
        {"forecast", result.forecast},
        {"attribution", result.forecast.attribution ? Json(*result.forecast.attribution) : Json()},
        {"transition", main ? Json(main->transition) : Json()},
        {"change_order", order},
        {"read", source.read_json()}});
    return kFine;
  }
  console.line(pipeline::forecast_sentence(result));
  if (result.forecast.attribution) print_drivers(*result.forecast.attribution, console);
  console.line("");
  if (main == nullptr) {
    console.line("no transition found, so there is no order of change around it");
    return kFine;
  }
  console.line(pipeline::transition_sentence(*main));
  print_order(order, console);
  return kFine;
}

}  // namespace emdyn::app::cli
