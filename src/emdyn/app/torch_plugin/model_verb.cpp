#include "emdyn/app/torch_plugin/model_verb.hpp"

#include <cstdlib>
#include <vector>

#include "emdyn/app/terminal/arguments.hpp"
#include "emdyn/app/torch_plugin/verbs.hpp"
#include "emdyn/core/parallel.hpp"

namespace emdyn::app::torch_plugin {

int run_model(std::span<const std::string> arguments, app::terminal::Console& console) {
  CLI::App app("Look at networks, test them and train them.", "model");
  const char* from_environment = std::getenv("EMDYN_STORE");
  ModelOptions options;
  options.store = from_environment != nullptr ? from_environment : "emdyn-store";
  std::vector<std::string> settings;
  std::size_t threads = 0;
  app.add_flag("--json", options.json, "print one JSON document");
  app.fallthrough();
  CLI::App* info = app.add_subcommand("info", "layers, shapes and parameters of a network");
  CLI::App* test = app.add_subcommand("test", "errors of a model on labelled examples");
  for (CLI::App* verb : {info, test}) {
    verb->add_option("PATH", options.path, "weights (safetensors) or TorchScript")->required();
    verb->add_option("--arch", options.architecture,
                     "architecture (TOML, docs/models.md); default: PATH with .toml");
    verb->add_flag("--trust", options.trust, "load TorchScript, which runs code of its maker");
  }
  test->add_option("--data", options.data, "MNIST's folder, pictures, IDX, npy, npz or CSV")
      ->required();
  test->add_option("--split", options.split, "train or test, where data come in two parts")
      ->check(CLI::IsMember({"train", "test"}));
  test->add_option("--limit", options.limit, "only the first ones; 0: all");
  test->add_option("--label-column", options.label_column, "of a CSV file");
  CLI::App* train = app.add_subcommand(
      "train", "train a cnn on images, or an enn (CNN, then LSTM) on sequences of moving digits");
  train->add_option("KIND", options.kind, "cnn or enn")
      ->required()
      ->check(CLI::IsMember({"cnn", "enn"}));
  train->add_option("--data", options.data, "folder with train and test images, such as MNIST's")
      ->required();
  train->add_option("--out", options.out, "folder for model.safetensors, model.toml, checkpoint")
      ->capture_default_str();
  train->add_option("--set", settings, "NAME=VALUE (docs/models.md lists them); may be repeated")
      ->allow_extra_args(false);
  train->add_flag("--resume", options.resume, "go on from the checkpoint in --out");
  train->add_option("--store", options.store, "folder of runs; $EMDYN_STORE, else emdyn-store");
  train
      ->add_option("--threads", threads,
                   "at most this many; 0 for all cores (results do not depend on it)")
      ->check(CLI::Range(0, 1024));
  app.require_subcommand(1);
  if (!app::terminal::parse(app, arguments, console)) return 0;
  options.settings = app::terminal::parse_settings(settings, "--set");
  const ThreadLimit limit(threads);
  if (info->parsed()) return model_info(options, console);
  if (test->parsed()) return model_test(options, console);
  return model_train(options, console);
}

}  // namespace emdyn::app::torch_plugin
