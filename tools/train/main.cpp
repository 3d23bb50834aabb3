#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/training/collect.hpp"
#include "emdyn/forecast/training/predictors.hpp"
#include "emdyn/model/sweep/sweep.hpp"

namespace {

using namespace emdyn;

void show(std::string_view what, std::size_t done, std::size_t planned) {
  fmt::print(stderr, "\r{} {} of {}{}", what, done, planned, done == planned ? "\n" : "");
}

struct Settings {
  std::string store = "build/bank";
  std::string bank = "predictors/bank.jsonl.gz";
  std::string out = "predictors";
  model::sweep::DesignOptions design{};
};

void make_runs(const Settings& settings) {
  model::sweep::SweepOptions options{.store = settings.store};
  const Task task(nullptr, [](const TaskProgress& p) { show(p.unit, p.done, p.planned); });
  model::sweep::make_runs(model::sweep::grokking_design(settings.design), options, task);
}

void collect(const Settings& settings) {
  forecast::CollectOptions options;
  const Task task(nullptr, [](const TaskProgress& p) { show("reduced", p.done, p.planned); });
  forecast::write_bank(settings.bank, forecast::collect(settings.store, options, task));
}

void fit(const Settings& settings) {
  forecast::EvaluateOptions options;
  const Json result = forecast::train_predictors(settings.bank, settings.out, options);
  fmt::print("{}\n", forecast::evaluation_text(result.at("evaluation")));
  for (const Json& predictor : result.at("predictors")) {
    fmt::print("{}: penalty {}, alarm at {} for {} forecasts in a row; strongest odds ratios:",
               predictor.at("file").get<std::string>(), predictor.at("penalty").dump(),
               predictor.at("threshold").dump(), predictor.at("consecutive").dump());
    for (std::size_t i = 0; i < 8; ++i) {
      const Json& row = predictor.at("odds_ratios").at(i);
      fmt::print(" {} {:.2f}", row.at("feature").get<std::string>(),
                 row.at("odds_ratio").get<double>());
    }
    fmt::print("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Builds a bank of small grokking runs and fits predictors on it", "emdyn_train"};
  Settings settings;
  app.add_option("--store", settings.store, "store of the bank's runs");
  app.add_option("--bank", settings.bank, "reduced bank");
  app.add_option("--out", settings.out, "folder of the predictors");
  app.add_option("--configurations", settings.design.configurations, "configurations to draw");
  app.add_option("--seeds", settings.design.seeds, "runs of each configuration");
  app.add_option("--slow", settings.design.slow, "further configurations that generalise late");
  app.add_flag("--small", settings.design.small, "tiny tasks, to try things out");
  CLI::App* runs = app.add_subcommand("runs", "train the networks; goes on where it was");
  CLI::App* reduce = app.add_subcommand("collect", "reduce the store to a bank");
  CLI::App* train = app.add_subcommand("fit", "evaluate and fit the predictors");
  app.require_subcommand(1, 3);
  CLI11_PARSE(app, argc, argv);
  try {
    if (runs->parsed()) make_runs(settings);
    if (reduce->parsed()) collect(settings);
    if (train->parsed()) fit(settings);
  } catch (const emdyn::ConfigError& error) {
    fmt::print(stderr, "emdyn_train: {}\n", error.what());
    return 2;
  } catch (const emdyn::Error& error) {
    fmt::print(stderr, "emdyn_train: {}\n", error.what());
    return 3;
  }
  return 0;
}
