#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/model/lab/grokking/grokking_config.hpp"
#include "lab_bench.hpp"
#include "print_rows.hpp"
#include "stress_bench.hpp"

namespace emdyn::app::torch_plugin {

int run_bench(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("Speed of labs and attacks, each figure beside a baseline of the same run.",
               "bench");
  bool json = false;
  bench::LabBenchOptions options;
  app.add_flag("--json", json, "print JSON");
  app.fallthrough();
  CLI::App* lab = app.add_subcommand("lab", "steps per second and the cost of probes");
  lab->add_option("--prime", options.p, "modulus of the task");
  lab->add_option("--width", options.width, "hidden units");
  lab->add_option("--rounds", options.rounds, "turns of ours and the baseline")
      ->check(CLI::Range(1, 1000));
  bench::StressBenchOptions stress_options;
  CLI::App* stress = app.add_subcommand("stress", "what the attacks' driver saves");
  stress->add_option("--model", stress_options.model, "weights, .safetensors; default: its own");
  stress->add_option("--arch", stress_options.architecture, "architecture, .toml");
  stress->add_option("--data", stress_options.data, "labelled examples");
  stress->add_option("--points", stress_options.points, "that are attacked")
      ->check(CLI::Range(10, 1'000'000));
  stress->add_option("--epsilon", stress_options.epsilon, "radius in linf")
      ->check(CLI::Range(1e-6, 1e6));
  stress->add_option("--only", stress_options.only, "parts: active_set, radii, deep_fool, ...")
      ->delimiter(',');
  app.require_subcommand(1);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  if (stress->parsed()) {
    bench::print_rows(bench::stress_bench(stress_options), json, console);
    return 0;
  }
  // Refused before anything is measured.
  (void)model::lab::grokking_config(
      {{"p", std::to_string(options.p)}, {"width", std::to_string(options.width)}});
  bench::print_rows(bench::lab_bench(options), json, console);
  return 0;
}

}  // namespace emdyn::app::torch_plugin
