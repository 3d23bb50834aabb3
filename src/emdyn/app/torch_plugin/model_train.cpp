#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "emdyn/app/terminal/progress.hpp"
#include "emdyn/app/torch_plugin/model_verb.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/data/load.hpp"
#include "emdyn/model/data/npy.hpp"
#include "emdyn/model/lab/classifier/classifier.hpp"
#include "emdyn/model/lab/monitored/monitored.hpp"
#include "emdyn/model/network/network_file.hpp"

namespace emdyn::app::torch_plugin {
namespace {

namespace fs = std::filesystem;

/// Test sequences written beside the network, for the verbs that need examples.
constexpr std::size_t kSavedSequences = 1000;

/// What a task refers to, and the task. Made in place: the task holds references.
struct Training {
  model::data::Dataset train{};
  model::data::Dataset test{};
  std::unique_ptr<model::data::MovingDigits> train_sequences{};
  std::unique_ptr<model::data::MovingDigits> test_sequences{};
  model::lab::ClassifierTask task{};
};

std::int64_t classes_in(const model::data::Dataset& dataset) {
  std::int64_t most = 0;
  for (const std::int64_t label : dataset.labels) most = std::max(most, label);
  return most + 1;
}

void prepare_cnn(const ModelOptions& options, Training& training) {
  const model::lab::CnnConfig config = model::lab::cnn_config(options.settings);
  const auto limit = config.train_examples == 0 ? model::data::kEverything
                                                : static_cast<std::size_t>(config.train_examples);
  training.train =
      model::data::load(options.data, {.split = model::data::Split::train, .limit = limit});
  training.test = model::data::load(options.data, {.split = model::data::Split::test});
  const std::int64_t classes = std::max(classes_in(training.train), classes_in(training.test));
  model::lab::ClassifierTask& task = training.task;
  task.name = "cnn";
  task.configuration = config_json(model::lab::kCnnFields, config);
  task.classifier = model::lab::cnn_classifier(config, training.train.shape, classes);
  task.train = model::lab::examples_of(training.train, classes);
  task.test = model::lab::examples_of(training.test, classes);
  task.settings = config;
  task.adversarial_epsilon = config.adversarial_epsilon;
  task.adversarial_steps = config.adversarial_steps;
}

void prepare_enn(const ModelOptions& options, Training& training) {
  const model::lab::EnnConfig config = model::lab::enn_config(options.settings);
  training.train = model::data::load(options.data, {.split = model::data::Split::train});
  training.test = model::data::load(options.data, {.split = model::data::Split::test});
  const auto sequences = [&](const model::data::Dataset& images, std::int64_t count,
                             std::uint64_t seed) {
    return std::make_unique<model::data::MovingDigits>(
        images, model::data::MovingDigits::Options{.task = config.task,
                                                   .frames = config.frames,
                                                   .canvas = config.canvas,
                                                   .count = static_cast<std::size_t>(count),
                                                   .seed = seed});
  };
  const auto seed = static_cast<std::uint64_t>(config.seed);
  training.train_sequences = sequences(training.train, config.train_sequences, 2 * seed);
  training.test_sequences = sequences(training.test, config.test_sequences, 2 * seed + 1);
  model::lab::ClassifierTask& task = training.task;
  task.name = "enn";
  task.configuration = config_json(model::lab::kEnnFields, config);
  task.classifier = model::lab::enn_classifier(config, training.train_sequences->classes());
  task.train = model::lab::examples_of(*training.train_sequences);
  task.test = model::lab::examples_of(*training.test_sequences);
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

}  // namespace

int model_train(const ModelOptions& options, app::terminal::Console& console) {
  Training training;
  if (options.kind == "cnn") {
    prepare_cnn(options, training);
  } else {
    prepare_enn(options, training);
  }
  make_folder(options.out);
  training.task.checkpoint = options.out / "checkpoint.safetensors";
  training.task.resume = options.resume;
  model::lab::ClassifierTraining experiment(training.task);
  auto store = collect::store::Store::open(options.store, collect::store::Mode::write);
  app::terminal::Progress progress(console, options.kind,
                                   static_cast<std::uint64_t>(experiment.steps()), "steps");
  model::lab::RunHooks hooks;
  hooks.row = [&](std::int64_t step, const series::Run& so_far) {
    progress.update(static_cast<std::uint64_t>(step), progress_tail(so_far));
  };
  const model::lab::Monitored done =
      model::lab::run_monitored(experiment, store, std::move(hooks), Task(console.stop_flag()));
  console.clear_status();
  const fs::path weights = options.out / "model.safetensors";
  model::save_network(experiment.network(), weights);
  if (training.test_sequences)
    replace_file(options.out / "test.npz",
                 model::data::npz_bytes(training.test_sequences->dataset(kSavedSequences)));
  const Json& data = done.outcome.data;
  if (options.json) {
    Json document{{"run", done.id},
                  {"store", options.store},
                  {"model", weights.string()},
                  {"interrupted", done.outcome.interrupted}};
    document.update(model::lab::outcome_json(done.outcome));
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

}  // namespace emdyn::app::torch_plugin
