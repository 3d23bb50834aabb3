#include "verbs.hpp"

#include <fmt/format.h>

#include <array>

#include "calibration.hpp"
#include "corrupt_bench.hpp"
#include "curves_bench.hpp"
#include "detect_bench.hpp"
#include "emdyn/app/terminal/plugin_loader.hpp"
#include "emdyn/app/terminal/program.hpp"
#include "emdyn/app/terminal/task_line.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emergence_bench.hpp"
#include "import_bench.hpp"
#include "nab_methods.hpp"
#include "ood_bench.hpp"
#include "print_rows.hpp"
#include "probe_bench.hpp"
#include "serve_bench.hpp"
#include "store_bench.hpp"
#include "tcpd_methods.hpp"
#include "watch_bench.hpp"

namespace emdyn::bench {
namespace {

using Arguments = std::span<const std::string>;
using app::terminal::Console;
using app::terminal::kFine;
using app::terminal::Verb;

/// What every bench takes.
class BenchApp : public CLI::App {
 public:
  BenchApp(std::string description, std::string name)
      : CLI::App(std::move(description), "bench " + std::move(name)) {
    add_flag("--json", json,
             "print JSON: {rows: [{name, value, unit, baseline, baseline_name, ratio}]}");
  }
  bool json = false;
};

int bench_of_store(Arguments arguments, Console& console) {
  BenchApp app("Points written and read per second, bytes per point.", "store");
  StoreBenchOptions options;
  app.add_option("--points", options.points, "over eight signals")
      ->check(CLI::Range(8, 1'000'000'000));
  app.add_option("--folder", options.folder, "where the files go for a while");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  print_rows(bench_store(options), app.json, console);
  return kFine;
}

int bench_of_import(Arguments arguments, Console& console) {
  BenchApp app("Seconds from a table on disk to a run, watched or not.", "import");
  ImportBenchOptions options;
  app.add_option("--cells", options.cells, "of the table")->check(CLI::Range(1000, 1'000'000'000));
  app.add_option("--signals", options.signals, "columns")->check(CLI::Range(1, 10'000));
  app.add_option("--folder", options.folder, "where the files go for a while");
  app.add_option("--python", options.python, "interpreter that is asked for pandas and polars");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  const app::terminal::TaskLine line(console);
  print_rows(bench_import(options, line.task()), app.json, console);
  return kFine;
}

int bench_of_detect(Arguments arguments, Console& console) {
  BenchApp app("Samples per second of every detector.", "detect");
  DetectBenchOptions options;
  CLI::Option* signals = app.add_option("--signals", options.many_signals,
                                        "only ManySignals: speed and memory with that many signals")
                             ->check(CLI::Range(1, 10'000'000));
  app.add_option("--only", options.only,
                 "only this row and those below it: a detector, memory, memory/NAME, many_signals");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  options.many_signals_only = signals->count() > 0;
  print_rows(detect_rows(options), app.json, console);
  return kFine;
}

int bench_of_corrupt(Arguments arguments, Console& console) {
  BenchApp app("Seconds of every corruption of images.", "corrupt");
  if (app::terminal::parse(app, arguments, console)) print_rows(corrupt_rows(), app.json, console);
  return kFine;
}

int bench_of_ood(Arguments arguments, Console& console) {
  BenchApp app("Microseconds of every out-of-distribution score.", "ood");
  if (app::terminal::parse(app, arguments, console)) print_rows(ood_rows(), app.json, console);
  return kFine;
}

int bench_of_probe(Arguments arguments, Console& console) {
  BenchApp app("Seconds and memory of probing checkpoints.", "probe");
  ProbeBenchOptions options;
  app.add_option("--folder", options.folder, "where 500 MB of weights go for a while");
  if (app::terminal::parse(app, arguments, console))
    print_rows(probe_rows(options), app.json, console);
  return kFine;
}

int bench_of_emergence(Arguments arguments, Console& console) {
  BenchApp app("Transitions, mirage, warning, scale, probes and labs against what is known.",
               "emergence");
  EmergenceBenchOptions options;
  app.add_option("--seed", options.seed, "of everything that is drawn");
  app.add_option(
         "--series", options.series,
         "of each kind; mirage pairs are twenty times as many. Two cores take minutes at 50")
      ->check(CLI::Range(4, 100'000));
  app.add_option("--only", options.only,
                 "only these parts, separated by commas: known, speed, onset, false_transitions, "
                 "mirage, warning, scale, probes, critical")
      ->delimiter(',');
  app.add_option("--data", options.data,
                 "folder of overtraining_scaling.csv.gz and pythia_v1_zero_shot.csv.gz; without it "
                 "the rows of scale are left out");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  const app::terminal::TaskLine line(console);
  print_rows(bench_emergence(options, line.task()), app.json, console);
  return kFine;
}

int bench_of_curves(Arguments arguments, Console& console) {
  BenchApp app("Forecasts of curves and targets with whole sources left out.", "curves");
  CurvesBenchOptions options;
  std::string fit;
  app.add_option("--data", options.data,
                 "folder of nanogpt_train_loss.csv.gz, pythia_v1_zero_shot.csv.gz and "
                 "bigscience_checkpoint_evals.csv.gz; without it only curves made here");
  app.add_option("--curves", options.curves, "of a family, at most")->check(CLI::Range(4, 10'000));
  app.add_flag("--families", options.by_family, "every figure of each family too");
  app.add_option("--fit", fit, "write the table learned on the whole bank here, and judge nothing");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  const app::terminal::TaskLine line(console);
  if (fit.empty()) {
    print_rows(bench_curves(options, line.task()), app.json, console);
    return kFine;
  }
  write_curve_table(fit_curve_table(options, line.task()), fit);
  return kFine;
}

int bench_of_calibration(Arguments arguments, Console& console) {
  BenchApp app("False alarms against what p-values promise, on nulls.", "calibration");
  CalibrationOptions options;
  app.add_option("--samples", options.samples,
                 "of each null; ten million take two cores over an hour, `auto` most of it")
      ->check(CLI::Range(100'000, 1'000'000'000));
  app.add_option("--streams", options.streams,
                 "they are cut into; the more, the shorter, and the more is learning")
      ->check(CLI::Range(5, 1'000));
  app.add_option("--detector", options.detectors, "only these, separated by commas")
      ->delimiter(',');
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  const app::terminal::TaskLine line(console);
  auto rows = bench_calibration(options, line.task());
  for (auto& row : bench_run_lengths(options, line.task())) rows.push_back(std::move(row));
  print_rows(rows, app.json, console);
  return kFine;
}

int bench_of_nab(Arguments arguments, Console& console) {
  BenchApp app("Anomaly scores against labelled windows.", "nab");
  std::string folder;
  app.add_option("--data", folder, "folder of windows.json and its files")->required();
  if (app::terminal::parse(app, arguments, console))
    print_rows(bench_nab(folder), app.json, console);
  return kFine;
}

int bench_of_tcpd(Arguments arguments, Console& console) {
  BenchApp app("Change points against five human annotators.", "tcpd");
  std::string folder;
  app.add_option("--data", folder, "folder of series and annotations.json")->required();
  if (app::terminal::parse(app, arguments, console))
    print_rows(bench_tcpd(folder), app.json, console);
  return kFine;
}

int bench_of_watch(Arguments arguments, Console& console) {
  BenchApp app("Alarms on healthy trainings, and incidents told.", "watch");
  WatchBenchOptions options;
  app.add_option("--samples", options.healthy_samples, "of each kind of healthy run")
      ->check(CLI::Range(1'000, 100'000'000));
  app.add_option("--incidents", options.incidents, "runs of each kind of incident")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--alpha", options.alpha, "budget on healthy runs, false alarms a sample")
      ->check(CLI::Range(1e-9, 0.1));
  app.add_option("--only", options.only, "only this kind");
  app.add_option("--detector", options.detector, "instead of the default");
  app.add_flag("--list", options.list,
               "also each alarm on a healthy run, and what told of incidents");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  const app::terminal::TaskLine line(console);
  print_rows(bench_watch(options, line.task()), app.json, console);
  return kFine;
}

int bench_of_serve(Arguments arguments, Console& console) {
  BenchApp app("The server over loopback: lists, overviews, live events, many clients.", "serve");
  ServeBenchOptions options;
  app.add_option("--runs", options.runs, "of the store that is listed")
      ->check(CLI::Range(100, 1'000'000));
  app.add_option("--points", options.points, "of the run that is looked at")
      ->check(CLI::Range(10'000, 1'000'000'000));
  app.add_option("--clients", options.clients, "of the stream")->check(CLI::Range(2, 4'000));
  app.add_option("--seconds", options.seconds, "that they listen")->check(CLI::Range(1.0, 3600.0));
  app.add_option("--program", options.program,
                 "the server; default: the emdyn beside this program");
  app.add_option("--folder", options.folder, "where stores go for a while");
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  const app::terminal::TaskLine line(console);
  print_rows(bench_serve(options, line.task()), app.json, console);
  return kFine;
}

int run_of_plugin(std::string_view verb, Arguments arguments, Console& console) {
  const auto loaded = app::terminal::load_plugin(
      {"libemdyn_torch_bench.so", "EMDYN_BENCH_PLUGIN", {"../" EMDYN_LIBDIR "/emdyn"}});
  if (loaded.plugin == nullptr) {
    throw UnavailableError(fmt::format(
        "bench {} needs libtorch: {}; Debian's package libtorch1.13 holds it, and a build from "
        "source wants -DEMDYN_TORCH=ON",
        verb, terminal_safe(loaded.reason)));
  }
  return app::terminal::run_verb(*loaded.plugin, verb, arguments, console);
}

int lab_of_plugin(Arguments arguments, Console& console) {
  return run_of_plugin("lab", arguments, console);
}

int stress_of_plugin(Arguments arguments, Console& console) {
  return run_of_plugin("stress", arguments, console);
}

// The only list of benches.
constexpr std::array kVerbs{
    Verb{"store", "points written and read per second, bytes per point", &bench_of_store},
    Verb{"import", "seconds from a table on disk to a run, beside pandas and polars",
         &bench_of_import},
    Verb{"detect", "samples per second of every detector", &bench_of_detect},
    Verb{"corrupt", "seconds of every corruption of images", &bench_of_corrupt},
    Verb{"ood", "microseconds of every out-of-distribution score", &bench_of_ood},
    Verb{"probe", "seconds and memory of probing checkpoints", &bench_of_probe},
    Verb{"emergence", "transitions, mirage, warning, scale and labs against what is known",
         &bench_of_emergence},
    Verb{"curves", "forecasts of curves and targets, whole sources left out", &bench_of_curves},
    Verb{"calibration", "false alarms against what p-values promise, on nulls",
         &bench_of_calibration},
    Verb{"nab", "anomaly scores against labelled windows", &bench_of_nab},
    Verb{"tcpd", "change points against five human annotators", &bench_of_tcpd},
    Verb{"watch", "alarms on healthy trainings, and incidents told", &bench_of_watch},
    Verb{"serve", "the live page: lists, overviews, events, many clients", &bench_of_serve},
    Verb{"stress", "what the attacks' driver saves (needs libtorch)", &stress_of_plugin},
    Verb{"lab", "training steps per second, cost of probes (needs libtorch)", &lab_of_plugin},
};

}  // namespace

std::span<const Verb> verbs() noexcept { return kVerbs; }

}  // namespace emdyn::bench
