#include "emdyn/pipeline/analyze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "emdyn/app/cli/analyze_print.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/pipeline/analyze_source.hpp"

namespace emdyn::app::cli {
namespace {

/// The analysis of a stored run is kept with it, in place of an earlier one.
void keep(const StoreOption& option, const std::string& id, const pipeline::Analysis& analysis) {
  auto store = option.open(collect::store::Mode::write);
  store.clear_records(id, collect::store::RecordKind::transition);
  for (const auto& fit : analysis.fits)
    if (pipeline::declared(fit)) store.record(id, fit.transition);
}

Json document_of(const series::Run& run, const pipeline::Analysis& analysis) {
  Json document = pipeline::analysis_json(analysis);
  document["run"] = run.info.id.empty() ? run.info.name : run.info.id;
  return document;
}

}  // namespace

int run_analyze(Arguments arguments, Console& console) {
  CLI::App app(
      "Find what changed suddenly among all signals of a run (or --signal), whether a metric only "
      "makes it look so, and the trends of early-warning indicators before it. Several runs are "
      "laid over each other: where they differ, and which incidents they share. Long tables (model, "
      "size, step, task, metric, value) are turned along any axis.",
      "analyze");
  SourceOption source;
  pipeline::AnalyzeOptions options;
  pipeline::AnalyzeSource from;
  AnalysisPrint how;
  bool no_keep = false;
  source.add_to(app);
  app.add_option("MORE", from.more, "more runs, files or folders, laid over the first");
  app.add_option("--signal", options.signals, "only these signals")->allow_extra_args(false);
  app.add_option(
      "--along", from.along,
      "of a long table: step, tokens, flops or parameters (also of models by their names)");
  app.add_option("--group", from.groups,
                 "of a long table: column that parts its rows into runs; along a size by default "
                 "the family")
      ->allow_extra_args(false);
  app.add_option("--at", from.at, "of a long table along a size: the step to compare models at");
  app.add_option("--alpha", options.transition.alpha, "largest p-value of a transition");
  app.add_option("--fdr", options.false_discoveries,
                 "share of false ones allowed among the signals told")
      ->check(CLI::Range(1e-6, 0.5));
  app.add_option("--min-size", options.transition.min_size, "least change that counts");
  app.add_option("--window", options.early_warning.window,
                 "samples an early-warning indicator looks back on");
  app.add_option("--seed", options.transition.seed, "of the bootstrap");
  app.add_flag("--all", how.all, "every row of a table, not only the first ones");
  app.add_flag("--no-keep", no_keep, "do not store the transitions with the run");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  options.roles = source.roles();
  from.first = source.source();
  from.has_at = app.count("--at") > 0;

  app::terminal::TaskLine line(console);
  const pipeline::LoadedRuns loaded = pipeline::load_for_analysis(from, line.task());
  for (const std::string& note : loaded.notes) console.note(note);
  Json read = Json::array();
  for (const pipeline::Reading& reading : loaded.readings) {
    source.tell_reading(reading, console);
    read.push_back(source.read_json());
  }
  const auto& runs = loaded.runs;
  std::vector<pipeline::Analysis> analyses = pipeline::analyze_runs(runs, options, line.task());
  for (std::size_t r = 0; r < runs.size(); ++r)
    if (!runs[r].info.id.empty() && !no_keep) keep(source.store, runs[r].info.id, analyses[r]);

  if (runs.size() == 1) {
    if (source.store.json) {
      Json document = document_of(runs[0], analyses[0]);
      if (!read.empty()) document["read"] = read[0];
      console.json(document);
    } else {
      print_analysis(analyses[0], how, console);
    }
    return kFine;
  }
  const pipeline::Overlay overlay = pipeline::overlay(runs, analyses, options, line.task());
  if (!source.store.json) {
    print_overlay(overlay, analyses, how, console);
    return kFine;
  }
  Json documents = Json::array();
  for (std::size_t r = 0; r < runs.size(); ++r)
    documents.push_back(document_of(runs[r], analyses[r]));
  console.json(Json{{"overlay", pipeline::overlay_json(overlay)},
                    {"runs", std::move(documents)},
                    {"read", std::move(read)}});
  return kFine;
}

}  // namespace emdyn::app::cli
