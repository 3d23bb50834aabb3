#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/data/load.hpp"
#include "emdyn/data/npy.hpp"
#include "emdyn/lab/classifier.hpp"
#include "emdyn/model/network_file.hpp"
#include "emdyn/model/network_shape.hpp"
#include "emdyn/terminal/arguments.hpp"
#include "emdyn/terminal/progress.hpp"
#include "emdyn/terminal/table.hpp"
#include "emdyn/torch_plugin/monitored.hpp"
#include "emdyn/torch_plugin/verbs.hpp"

namespace emdyn::torch_plugin {
namespace {

namespace fs = std::filesystem;

/// Test sequences written beside the network, for the verbs that need examples.
constexpr std::size_t kSavedSequences = 1000;

struct ModelOptions {
  fs::path path{};
  fs::path architecture{};
  fs::path data{};
  fs::path out = "emdyn-model";
  std::string kind{};
  std::string store{};
  Params settings{};
  bool resume = false;
  bool json = false;
};

// --- info
// -----------------------------------------------------------------------------------------

struct LayerRow {
  std::string place;
  std::string_view kind;
  model::Shape output;
  std::int64_t parameters = 0;
};

void add_rows(const std::vector<model::Layer>& layers, model::Shape input, std::size_t depth,
              std::vector<LayerRow>& rows) {
  for (const model::Layer& layer : layers) {
    model::Shape output = model::output_shape(layer, input);
    LayerRow row{std::string(2 * depth, ' ') + layer.name, word(layer.kind), output};
    for (const auto& [key, tensor] : layer.tensors) {
      if (tensor.defined()) row.parameters += tensor.numel();
    }
    rows.push_back(std::move(row));
    if (layer.kind == model::LayerKind::per_frame) input.erase(input.begin());
    add_rows(layer.body, input, depth + 1, rows);
    add_rows(layer.shortcut, input, depth + 1, rows);
    input = std::move(output);
  }
}

int run_info(const ModelOptions& options, terminal::Console& console) {
  const model::Network network = model::load_network(options.path, options.architecture);
  const model::Signature& signature = network.signature();
  std::vector<LayerRow> rows;
  add_rows(network.layers(), signature.input, 0, rows);
  std::int64_t total = 0;
  Json list = Json::array();
  terminal::Table table(
      {{"layer"}, {"kind"}, {"gives"}, {"parameters", terminal::Table::Align::right}});
  for (const LayerRow& row : rows) {
    total += row.parameters;
    list.push_back({{"name", row.place.substr(row.place.find_first_not_of(' '))},
                    {"kind", row.kind},
                    {"output", row.output},
                    {"parameters", row.parameters}});
    table.row({row.place, std::string(row.kind), model::shape_text(row.output),
               row.parameters == 0 ? "" : std::to_string(row.parameters)});
  }
  if (options.json) {
    console.json(Json{{"path", options.path.string()},
                      {"input", signature.input},
                      {"classes", signature.classes},
                      {"low", signature.low},
                      {"high", signature.high},
                      {"parameters", total},
                      {"layers", std::move(list)}});
    return 0;
  }
  console.line(fmt::format("takes {} in [{:g}, {:g}], gives {} logits, {} parameters",
                           model::shape_text(signature.input), signature.low, signature.high,
                           signature.classes, total));
  table.print(console);
  return 0;
}

// --- train
// ----------------------------------------------------------------------------------------

/// What a task refers to, and the task. Made in place: the task holds references.
struct Training {
  data::Dataset train{};
  data::Dataset test{};
  std::unique_ptr<data::MovingDigits> train_sequences{};
  std::unique_ptr<data::MovingDigits> test_sequences{};
  lab::ClassifierTask task{};
};

std::int64_t classes_in(const data::Dataset& dataset) {
  std::int64_t most = 0;
  for (const std::int64_t label : dataset.labels) most = std::max(most, label);
  return most + 1;
}

void prepare_cnn(const ModelOptions& options, Training& training) {
  const lab::CnnConfig config = lab::cnn_config(options.settings);
  const auto limit = config.train_examples == 0 ? data::kEverything
                                                : static_cast<std::size_t>(config.train_examples);
  training.train = data::load(options.data, {.split = data::Split::train, .limit = limit});
  training.test = data::load(options.data, {.split = data::Split::test});
  const std::int64_t classes = std::max(classes_in(training.train), classes_in(training.test));
  lab::ClassifierTask& task = training.task;
  task.name = "cnn";
  task.configuration = config_json(lab::kCnnFields, config);
  task.classifier = lab::cnn_classifier(config, training.train.shape, classes);
  task.train = lab::examples_of(training.train, classes);
  task.test = lab::examples_of(training.test, classes);
  task.settings = config;
  task.adversarial_epsilon = config.adversarial_epsilon;
  task.adversarial_steps = config.adversarial_steps;
}

void prepare_enn(const ModelOptions& options, Training& training) {
  const lab::EnnConfig config = lab::enn_config(options.settings);
  training.train = data::load(options.data, {.split = data::Split::train});
  training.test = data::load(options.data, {.split = data::Split::test});
  const auto sequences = [&](const data::Dataset& images, std::int64_t count, std::uint64_t seed) {
    return std::make_unique<data::MovingDigits>(
        images, data::MovingDigits::Options{.task = config.task,
                                            .frames = config.frames,
                                            .canvas = config.canvas,
                                            .count = static_cast<std::size_t>(count),
                                            .seed = seed});
  };
  const auto seed = static_cast<std::uint64_t>(config.seed);
  training.train_sequences = sequences(training.train, config.train_sequences, 2 * seed);
  training.test_sequences = sequences(training.test, config.test_sequences, 2 * seed + 1);
  lab::ClassifierTask& task = training.task;
  task.name = "enn";
  task.configuration = config_json(lab::kEnnFields, config);
  task.classifier = lab::enn_classifier(config, training.train_sequences->classes());
  task.train = lab::examples_of(*training.train_sequences);
  task.test = lab::examples_of(*training.test_sequences);
  task.settings = config;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw StoreError(
        fmt::format("{}: cannot be made: {}", terminal_safe(folder.string()), error.message()));
}

std::string progress_tail(const series::Run& run) {
  std::string tail;
  for (const char* name : {"train_loss", "test_accuracy", "test_robust_accuracy"}) {
    const series::Signal* signal = run.find(name);
    if (signal == nullptr || signal->size() == 0) continue;
    tail += fmt::format("{}{} {:.3f}", tail.empty() ? "" : "  ", name, signal->values.back());
  }
  return tail;
}

int run_train(const ModelOptions& options, terminal::Console& console) {
  Training training;
  if (options.kind == "cnn") {
    prepare_cnn(options, training);
  } else {
    prepare_enn(options, training);
  }
  make_folder(options.out);
  training.task.checkpoint = options.out / "checkpoint.safetensors";
  training.task.resume = options.resume;
  lab::ClassifierTraining experiment(training.task);
  auto store = store::Store::open(options.store, store::Mode::write);
  terminal::Progress progress(console, options.kind, static_cast<std::uint64_t>(experiment.steps()),
                              "steps");
  Hooks hooks;
  hooks.row = [&](std::int64_t step, const series::Run& so_far) {
    progress.update(static_cast<std::uint64_t>(step), progress_tail(so_far));
  };
  const Monitored done = run_monitored(experiment, store, console, hooks);
  console.clear_status();
  const fs::path weights = options.out / "model.safetensors";
  model::save_network(experiment.network(), weights);
  if (training.test_sequences)
    replace_file(options.out / "test.npz",
                 data::npz_bytes(training.test_sequences->dataset(kSavedSequences)));
  const Json& data = done.outcome.data;
  if (options.json) {
    Json document{{"run", done.id},
                  {"store", options.store},
                  {"model", weights.string()},
                  {"interrupted", done.outcome.interrupted}};
    document.update(lab::outcome_json(done.outcome));
    console.json(document);
  } else {
    std::string robust;
    if (data.contains("test_robust_accuracy"))
      robust = fmt::format(", under PGD-20 {:.4f}", data["test_robust_accuracy"].get<double>());
    console.line(fmt::format("{}  {} steps in {:.0f} s, test accuracy {:.4f}{}", done.id,
                             done.outcome.steps, done.outcome.seconds,
                             data["test_accuracy"].get<double>(), robust));
    console.line(fmt::format("model: {}", terminal_safe(weights.string())));
  }
  if (!done.outcome.interrupted) {
    console.note(fmt::format("next: emdyn model info {}; emdyn analyze {} --store {}",
                             terminal_safe(weights.string()), done.id,
                             terminal_safe(options.store)));
    return 0;
  }
  console.note(fmt::format("interrupted at step {}; the same command with --resume goes on from {}",
                           done.outcome.steps, terminal_safe(training.task.checkpoint.string())));
  return 130;
}

}  // namespace

int run_model(std::span<const std::string> arguments, terminal::Console& console) {
  CLI::App app("Look at networks and train them.", "model");
  const char* from_environment = std::getenv("EMDYN_STORE");
  ModelOptions options;
  options.store = from_environment != nullptr ? from_environment : "emdyn-store";
  std::vector<std::string> settings;
  std::size_t threads = 0;
  app.add_flag("--json", options.json, "print one JSON document");
  app.fallthrough();
  CLI::App* info = app.add_subcommand("info", "layers, shapes and parameters of a network");
  info->add_option("PATH", options.path, "weights: a safetensors file")->required();
  info->add_option("--arch", options.architecture,
                   "architecture (TOML, docs/models.md); default: PATH with .toml");
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
  if (!terminal::parse(app, arguments, console)) return 0;
  options.settings = terminal::parse_settings(settings, "--set");
  if (info->parsed()) return run_info(options, console);
  const ThreadLimit limit(threads);
  return run_train(options, console);
}

}  // namespace emdyn::torch_plugin
