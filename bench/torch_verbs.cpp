#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/model/lab/grokking/grokking_config.hpp"
#include "lab_bench.hpp"
#include "print_rows.hpp"
#include "stress_bench.hpp"
#include "verbs.hpp"

namespace emdyn::bench {

int run_lab(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("Steps per second of the labs and the cost of probes, beside libtorch.", "lab");
  bool json = false;
  LabBenchOptions options;
  app.add_flag("--json", json, "print JSON");
  app.add_option("--prime", options.p, "modulus of the task");
  app.add_option("--width", options.width, "hidden units");
  app.add_option("--rounds", options.rounds, "turns of ours and the baseline")
      ->check(CLI::Range(1, 1000));
  if (!app::terminal::parse(app, arguments, console)) return 0;
  // Refused before anything is measured.
  (void)model::lab::grokking_config(
      {{"p", std::to_string(options.p)}, {"width", std::to_string(options.width)}});
  print_rows(lab_bench(options), json, console);
  return 0;
}

int run_stress(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("What the attacks' driver saves, each figure beside a baseline of the same run.",
               "stress");
  bool json = false;
  StressBenchOptions options;
  app.add_flag("--json", json, "print JSON");
  app.add_option("--model", options.model, "weights, .safetensors; default: its own");
  app.add_option("--arch", options.architecture, "architecture, .toml");
  app.add_option("--data", options.data, "labelled examples");
  app.add_option("--points", options.points, "that are attacked")->check(CLI::Range(10, 1'000'000));
  app.add_option("--epsilon", options.epsilon, "radius in linf")->check(CLI::Range(1e-6, 1e6));
  app.add_option("--only", options.only, "parts: active_set, radii, deep_fool, ...")
      ->delimiter(',');
  if (!app::terminal::parse(app, arguments, console)) return 0;
  print_rows(stress_bench(options), json, console);
  return 0;
}

}  // namespace emdyn::bench
