#include <fmt/format.h>

#include "calibration.hpp"
#include "corrupt_bench.hpp"
#include "detect_bench.hpp"
#include "emdyn/app/cli/plugin.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/core/error.hpp"
#include "nab_methods.hpp"
#include "ood_bench.hpp"
#include "print_rows.hpp"
#include "probe_bench.hpp"
#include "store_bench.hpp"
#include "tcpd_methods.hpp"

namespace emdyn::app::cli {

int run_bench(Arguments arguments, Console& console) {
  // What needs libtorch is measured by the plugin, with options of its own.
  if (!arguments.empty() && (arguments.front() == "lab" || arguments.front() == "stress")) {
    return run_plugin_verb("bench", arguments, console);
  }
  CLI::App app("Measure one part of the system beside a baseline in the same run.", "bench");
  bool json = false;
  bench::StoreBenchOptions store_options;
  std::string folder;
  app.add_flag("--json", json,
               "print JSON: {rows: [{name, value, unit, baseline, baseline_name, ratio}]}");
  app.fallthrough();
  CLI::App* store =
      app.add_subcommand("store", "points written and read per second, bytes per point");
  store->add_option("--points", store_options.points, "over eight signals")
      ->check(CLI::Range(8, 1'000'000'000));
  store->add_option("--folder", store_options.folder, "where the files go for a while");
  CLI::App* detect = app.add_subcommand("detect", "samples per second of every detector");
  CLI::App* corrupt = app.add_subcommand("corrupt", "seconds of every corruption of images");
  CLI::App* ood = app.add_subcommand("ood", "microseconds of every out-of-distribution score");
  bench::ProbeBenchOptions probe_options;
  CLI::App* probe = app.add_subcommand("probe", "seconds and memory of probing checkpoints");
  probe->add_option("--folder", probe_options.folder, "where 500 MB of weights go for a while");
  bench::DetectBenchOptions detect_options;
  CLI::Option* signals = detect
                             ->add_option("--signals", detect_options.many_signals,
                                          "only the bank: speed and memory with that many signals")
                             ->check(CLI::Range(1, 10'000'000));
  detect->add_option("--only", detect_options.only,
                     "only this row and those below it: a detector, memory, memory/NAME, bank");
  bench::CalibrationOptions calibration_options;
  CLI::App* calibration =
      app.add_subcommand("calibration", "false alarms against what p-values promise, on nulls");
  calibration
      ->add_option("--samples", calibration_options.samples,
                   "of each null; ten million take two cores over an hour, `auto` most of it")
      ->check(CLI::Range(100'000, 1'000'000'000));
  calibration
      ->add_option("--streams", calibration_options.streams,
                   "they are cut into; the more, the shorter, and the more is learning")
      ->check(CLI::Range(5, 1'000));
  calibration
      ->add_option("--detector", calibration_options.detectors, "only these, separated by commas")
      ->delimiter(',');
  CLI::App* nab = app.add_subcommand("nab", "anomaly scores against labelled windows");
  nab->add_option("--data", folder, "folder of windows.json and its files")->required();
  CLI::App* tcpd = app.add_subcommand("tcpd", "change points against five human annotators");
  tcpd->add_option("--data", folder, "folder of series and annotations.json")->required();
  app.add_subcommand("stress", "what the attacks' driver saves (needs the torch plugin)");
  app.add_subcommand("lab", "training steps per second, cost of probes (needs the torch plugin)");
  app.require_subcommand(1);
  if (!app::terminal::parse(app, arguments, console)) return kFine;
  if (store->parsed()) bench::print_rows(bench::bench_store(store_options), json, console);
  if (corrupt->parsed()) bench::print_rows(bench::corrupt_rows(), json, console);
  if (ood->parsed()) bench::print_rows(bench::ood_rows(), json, console);
  if (probe->parsed()) bench::print_rows(bench::probe_rows(probe_options), json, console);
  detect_options.many_signals_only = signals->count() > 0;
  if (detect->parsed()) bench::print_rows(bench::detect_rows(detect_options), json, console);
  if (calibration->parsed()) {
    calibration_options.stop = [&] { return console.interrupted(); };
    auto rows = bench::bench_calibration(calibration_options);
    if (console.interrupted()) return kFine;
    for (auto& row : bench::bench_run_lengths(calibration_options)) rows.push_back(std::move(row));
    bench::print_rows(rows, json, console);
  }
  if (nab->parsed()) bench::print_rows(bench::bench_nab(folder), json, console);
  if (tcpd->parsed()) bench::print_rows(bench::bench_tcpd(folder), json, console);
  return kFine;
}

}  // namespace emdyn::app::cli
