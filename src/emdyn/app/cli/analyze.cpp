#include "emdyn/pipeline/analyze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "emdyn/app/cli/analyze_print.hpp"
#include "emdyn/app/cli/source.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/pipeline/analyze_source.hpp"
#include "emdyn/pipeline/scale_rows.hpp"

namespace emdyn::app::cli {
namespace {

/// What `emdyn analyze` was asked for.
struct AnalyzeCommand {
  SourceOption source{};
  pipeline::AnalyzeOptions options{};
  pipeline::AnalyzeSource from{};
  pipeline::ScaleRowOptions scale{};
  AnalysisPrint how{};
  std::vector<std::string> only{};
  bool no_keep = false;
};

void add_table_options(CLI::App& app, AnalyzeCommand& command) {
  app.add_option("--along", command.from.along,
                 "of a long table: step, tokens, flops or parameters (also of models by their "
                 "names)");
  app.add_option("--group", command.from.groups,
                 "of a long table: column that parts its rows into runs; along a size by default "
                 "the family")
      ->allow_extra_args(false);
  app.add_option("--at", command.from.at,
                 "of a long table along a size: the step to compare models at");
  app.add_option("--to", command.scale.to,
                 "of a long table along a size: parameters of the model that is asked about; "
                 "default: four times the largest of each family")
      ->check(CLI::PositiveNumber);
}

/// False when only help was asked for.
bool parse_analyze(Arguments arguments, Console& console, AnalyzeCommand& command) {
  CLI::App app(
      "Find what changed suddenly among all signals of a run (or --signal), whether a metric only "
      "makes it look so, the trends of early-warning indicators before it, and when the signals "
      "began to act together. Several runs are laid over each other: where they differ, and which "
      "incidents they share. Long tables (model, size, step, task, metric, value) are turned along "
      "any axis; along a size they say what a larger model will score.",
      "analyze");
  auto& options = command.options;
  command.source.add_to(app);
  app.add_option("MORE", command.from.more, "more runs, files or folders, laid over the first");
  app.add_option("--signal", options.signals, "only these signals")->allow_extra_args(false);
  app.add_option("--only", command.only,
                 "only these parts, separated by commas: " + pipeline::analyze_part_words())
      ->delimiter(',')
      ->allow_extra_args(false);
  add_table_options(app, command);
  app.add_option("--alpha", options.transition.alpha, "largest p-value of a transition");
  app.add_option("--fdr", options.false_discoveries,
                 "share of false ones allowed among the signals told, and among the trends")
      ->check(CLI::Range(1e-6, 0.5));
  app.add_option("--min-size", options.transition.min_size, "least change that counts");
  app.add_option("--window", options.early_warning.window,
                 "samples an early-warning indicator looks back on");
  app.add_option("--acting", options.acting_signals,
                 "signals of the interaction timeline, at most (cost grows with their square)")
      ->check(CLI::Range(2, 200));
  app.add_option("--seed", options.transition.seed, "of the bootstrap and the surrogates");
  app.add_flag("--all", command.how.all, "every row of a table, not only the first ones");
  app.add_flag("--no-keep", command.no_keep, "do not store the transitions with the run");
  if (!app::terminal::parse(app, arguments, console)) return false;
  options.parts = pipeline::parts_of(command.only);
  options.roles = command.source.roles();
  options.early_warning.seed = options.transition.seed;
  command.from.first = command.source.source();
  command.from.has_at = app.count("--at") > 0;
  return true;
}

/// The analysis of a stored run is kept with it, in place of an earlier one.
void keep(const StoreOption& option, const std::string& id, const pipeline::Analysis& analysis) {
  auto store = option.open(collect::store::Mode::write);
  store.clear_records(id, collect::store::RecordKind::transition);
  for (const auto& fit : analysis.fits)
    if (pipeline::declared(fit)) store.record(id, fit.transition);
}

void keep_all(const AnalyzeCommand& command, const std::vector<series::Run>& runs,
              const std::vector<pipeline::Analysis>& analyses) {
  if (command.no_keep || !command.options.parts.transitions) return;
  for (std::size_t r = 0; r < runs.size(); ++r)
    if (!runs[r].info.id.empty()) keep(command.source.store, runs[r].info.id, analyses[r]);
}

Json document_of(const series::Run& run, const pipeline::Analysis& analysis) {
  Json document = pipeline::analysis_json(analysis);
  document["run"] = run.info.id.empty() ? run.info.name : run.info.id;
  return document;
}

/// What the runs were read as, told on the way.
Json readings_json(AnalyzeCommand& command, const pipeline::LoadedRuns& loaded, Console& console) {
  for (const std::string& note : loaded.notes) console.note(note);
  Json read = Json::array();
  for (const pipeline::Reading& reading : loaded.readings) {
    command.source.tell_reading(reading, console);
    read.push_back(command.source.read_json());
  }
  return read;
}

}  // namespace

int run_analyze(Arguments arguments, Console& console) {
  AnalyzeCommand command;
  if (!parse_analyze(arguments, console, command)) return kFine;
  app::terminal::TaskLine line(console);
  const pipeline::LoadedRuns loaded = pipeline::load_for_analysis(command.from, line.task());
  Json read = readings_json(command, loaded, console);
  const auto& runs = loaded.runs;
  const auto analyses = pipeline::analyze_runs(runs, command.options, line.task());
  keep_all(command, runs, analyses);
  std::optional<pipeline::ScaleRows> scale;
  if (loaded.table && command.options.parts.scale)
    scale = pipeline::scale_rows(*loaded.table, loaded.query, command.scale, line.task());
  std::optional<pipeline::Overlay> overlay;
  if (runs.size() > 1) overlay = pipeline::overlay(runs, analyses, command.options, line.task());

  if (!command.source.store.json) {
    if (overlay) {
      print_overlay(*overlay, analyses, command.how, console);
    } else {
      print_analysis(analyses[0], command.how, console);
    }
    if (scale) print_scale(*scale, command.how, console);
    return kFine;
  }
  Json document;
  if (overlay) {
    Json documents = Json::array();
    for (std::size_t r = 0; r < runs.size(); ++r)
      documents.push_back(document_of(runs[r], analyses[r]));
    document = {{"overlay", pipeline::overlay_json(*overlay)},
                {"runs", std::move(documents)},
                {"read", std::move(read)}};
  } else {
    document = document_of(runs[0], analyses[0]);
    if (!read.empty()) document["read"] = read[0];
  }
  document["scale"] = scale ? pipeline::scale_json(*scale) : Json(nullptr);
  console.json(document);
  return kFine;
}

}  // namespace emdyn::app::cli
