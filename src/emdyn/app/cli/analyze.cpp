#include "emdyn/pipeline/analyze.hpp"

#include <fmt/format.h>

#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {
namespace {

void print_analysis(const pipeline::Analysis& analysis, Console& console) {
  for (const auto& fit : analysis.fits) console.line(pipeline::transition_sentence(fit));
  using Align = app::terminal::Table::Align;
  app::terminal::Table table(
      {{"early warning"}, {"indicator"}, {"tau", Align::right}, {"p-value", Align::right}});
  std::size_t rows = 0;
  for (const auto& each : analysis.early_warning) {
    for (const auto& indicator : each.warning.indicators) {
      table.row({each.signal, indicator.name, fmt::format("{:+.2f}", indicator.tau),
                 fmt::format("{:.3f}", indicator.p_value)});
      ++rows;
    }
  }
  console.line("");
  if (rows == 0) {
    console.line("early warning: too few samples");
    return;
  }
  table.print(console);
  console.line(
      fmt::format("(trends before {}; small p: a trend that surrogates without one seldom show)",
                  terminal_safe(analysis.warned_before)));
}

/// The analysis of a stored run is kept with it, in place of an earlier one.
void keep(const StoreOption& option, const std::string& id, const pipeline::Analysis& analysis) {
  auto store = option.open(collect::store::Mode::write);
  store.clear_records(id, collect::store::RecordKind::transition);
  for (const auto& fit : analysis.fits) {
    if (fit.transition.kind != series::TransitionKind::none) store.record(id, fit.transition);
  }
}

}  // namespace

int run_analyze(Arguments arguments, Console& console) {
  CLI::App app(
      "Find the transitions of a run's order parameters (accuracies and losses, or --signal) and "
      "the trends of early-warning indicators before them.",
      "analyze");
  SourceOption source;
  pipeline::AnalyzeOptions options;
  bool no_keep = false;
  source.add_to(app);
  app.add_option("--signal", options.signals, "only these signals")->allow_extra_args(false);
  app.add_option("--alpha", options.transition.alpha, "largest p-value of a transition");
  app.add_option("--min-size", options.transition.min_size, "least change that counts");
  app.add_option("--window", options.early_warning.window,
                 "samples an early-warning indicator looks back on");
  app.add_option("--seed", options.transition.seed, "of the bootstrap");
  app.add_flag("--no-keep", no_keep, "do not store the transitions with the run");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  options.roles = source.roles();

  const auto runs = pipeline::load_runs(source.source());
  Json documents = Json::array();
  for (const series::Run& run : runs) {
    if (console.interrupted()) return kInterrupted;
    const pipeline::Analysis analysis = pipeline::analyze(run, options);
    if (!run.info.id.empty() && !no_keep) keep(source.store, run.info.id, analysis);
    if (source.store.json) {
      Json document = pipeline::analysis_json(analysis);
      document["run"] = run.info.id.empty() ? run.info.name : run.info.id;
      documents.push_back(std::move(document));
    } else {
      if (runs.size() > 1) console.line(console.bold(terminal_safe(run.info.name)));
      print_analysis(analysis, console);
    }
  }
  if (source.store.json)
    console.json(documents.size() == 1 ? documents[0] : Json{{"runs", documents}});
  return kFine;
}

}  // namespace emdyn::app::cli
