#include "emdyn/app/torch_plugin/subject.hpp"

#include <fmt/format.h>

#include "emdyn/core/error.hpp"
#include "emdyn/model/data/load.hpp"
#include "emdyn/model/files/check.hpp"
#include "emdyn/model/network/adapters.hpp"
#include "emdyn/model/network/shown.hpp"

namespace emdyn::app::torch_plugin {

void SubjectOptions::add_to(CLI::App& app) {
  app.add_option("--model", model, "weights of the network (safetensors), or TorchScript")
      ->required();
  app.add_option("--arch", architecture,
                 "its architecture (TOML); default: the weights' name with .toml");
  app.add_flag("--trust", trust, "load TorchScript, which runs code of its maker");
  app.add_option("--data", data, "examples: a folder in MNIST's layout or a file")->required();
  app.add_option("--split", split, "train or test, of data in two parts")
      ->check(CLI::IsMember({"train", "test"}));
  app.add_option("--limit", limit, "only the first so many examples; 0 for all")
      ->capture_default_str();
}

void RunOptions::add_to(CLI::App& app) {
  app.add_option("--threads", threads,
                 "at most this many; 0 for all cores (results do not depend on it)")
      ->check(CLI::Range(0, 1024));
  app.add_flag("--json", json, "print one JSON document");
}

model::data::Dataset load_examples(const std::string& path, const std::string& split,
                                   std::size_t limit, const model::Signature& signature,
                                   bool labels_needed) {
  model::data::LoadOptions options;
  if (!split.empty())
    options.split = split == "train" ? model::data::Split::train : model::data::Split::test;
  if (limit > 0) options.limit = limit;
  model::data::Dataset dataset = model::data::load(path, options);
  model::check(dataset, signature, labels_needed ? model::Labels::needed : model::Labels::optional);
  return dataset;
}

std::unique_ptr<model::Model> load_model(const SubjectOptions& options) {
  return model::load_model(options.model, options.architecture, options.trust);
}

Subject load_subject(const SubjectOptions& options) {
  auto model = load_model(options);
  model::data::Dataset dataset =
      load_examples(options.data, options.split, options.limit, model->signature(), true);
  torch::Tensor inputs = model::examples(dataset);
  std::vector<std::int64_t> labels = dataset.labels;
  return {std::move(model), std::move(dataset), std::move(inputs), std::move(labels)};
}

const model::Network& network_of(const model::Model& model, std::string_view needs) {
  const auto* network = dynamic_cast<const model::Network*>(&model);
  if (network != nullptr) return *network;
  throw ModelError(fmt::format(
      "{}: needs a network whose layers are known, and TorchScript hides them; save its "
      "weights as safetensors and describe its layers in a TOML file (docs/models.md)",
      needs));
}

provoke::ood::LinearHead Head::view() const {
  return {math::matrix_view(weight.data(), bias.size(), features), bias};
}

Head head_of(const model::Model& model) {
  const auto classes = static_cast<std::size_t>(model.signature().classes);
  Head head;
  head.bias.assign(classes, 0.0F);
  if (!model::shows_features(model)) {
    head.features = classes;
    head.weight.assign(classes * classes, 0.0F);
    for (std::size_t c = 0; c < classes; ++c) head.weight[c * classes + c] = 1.0F;
    return head;
  }
  const model::Layer& last = network_of(model, "scores of features").layers().back();
  const torch::Tensor weight = last.tensor("weight").contiguous();
  head.features = static_cast<std::size_t>(weight.size(1));
  head.weight.assign(weight.data_ptr<float>(), weight.data_ptr<float>() + weight.numel());
  const torch::Tensor bias = last.tensor("bias");
  if (bias.defined()) head.bias.assign(bias.data_ptr<float>(), bias.data_ptr<float>() + classes);
  return head;
}

provoke::ood::Batch batch_of(const model::Observations& seen) {
  return {math::matrix_view(seen.features.data(), seen.rows, seen.feature_count),
          math::matrix_view(seen.logits.data(), seen.rows, seen.classes)};
}

std::string feature_note(const model::Model& model) {
  if (model::shows_features(model)) return {};
  return "the model shows no features (only a network given as safetensors and TOML that ends in a "
         "linear layer does): its logits stand in for them";
}

}  // namespace emdyn::app::torch_plugin
