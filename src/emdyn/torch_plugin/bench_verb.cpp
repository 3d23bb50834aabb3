#include "emdyn/lab/grokking_config.hpp"
#include "emdyn/terminal/arguments.hpp"
#include "emdyn/torch_plugin/verbs.hpp"
#include "lab_bench.hpp"
#include "print_rows.hpp"

namespace emdyn::torch_plugin {

int run_bench(std::span<const std::string> arguments, terminal::Console& console) {
  CLI::App app("Speed of the labs, each figure beside a baseline of the same run.", "bench");
  bool json = false;
  bench::LabBenchOptions options;
  app.add_flag("--json", json, "print JSON");
  app.fallthrough();
  CLI::App* lab = app.add_subcommand("lab", "steps per second and the cost of probes");
  lab->add_option("--prime", options.p, "modulus of the task");
  lab->add_option("--width", options.width, "hidden units");
  lab->add_option("--rounds", options.rounds, "turns of ours and the baseline")
      ->check(CLI::Range(1, 1000));
  app.require_subcommand(1);
  if (!terminal::parse(app, arguments, console)) return 0;
  // Refused before anything is measured.
  (void)lab::grokking_config(
      {{"p", std::to_string(options.p)}, {"width", std::to_string(options.width)}});
  bench::print_rows(bench::lab_bench(options), json, console);
  return 0;
}

}  // namespace emdyn::torch_plugin
