#include <CLI/CLI.hpp>
#include <cstdio>

#include "emdyn/core/error.hpp"
#include "emdyn/sweep/sweep.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Builds a bank of small grokking runs"};
  emdyn::sweep::DesignOptions design;
  emdyn::sweep::SweepOptions sweep;
  app.add_option("--store", sweep.store)->required();
  app.add_option("--configurations", design.configurations);
  app.add_option("--seeds", design.seeds);
  app.add_flag("--small", design.small);
  CLI11_PARSE(app, argc, argv);
  try {
    sweep.progress = [](const auto& p) {
      std::fprintf(stderr, "\r%zu of %zu runs", p.done, p.planned);
    };
    emdyn::sweep::make_runs(emdyn::sweep::grokking_design(design), sweep);
    std::fprintf(stderr, "\n");
  } catch (const emdyn::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
