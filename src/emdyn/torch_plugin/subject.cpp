#include "emdyn/torch_plugin/subject.hpp"

#include "emdyn/core/error.hpp"
#include "emdyn/data/load.hpp"
#include "emdyn/model/check.hpp"
#include "emdyn/model/network_file.hpp"
#include "emdyn/model/observe.hpp"

namespace emdyn::torch_plugin {
void SubjectOptions::add_to(CLI::App& app) {
  app.add_option("--model", model, "weights of the network (safetensors)")->required();
  app.add_option("--arch", architecture,
                 "its architecture (TOML); default: the weights' name with .toml");
  app.add_option("--data", data, "examples: a folder in MNIST's layout or a file")->required();
  app.add_option("--split", split, "train or test, of data in two parts")
      ->check(CLI::IsMember({"train", "test"}));
  app.add_option("--limit", limit, "only the first so many examples; 0 for all")
      ->capture_default_str();
}

data::Dataset load_examples(const std::string& path, const std::string& split, std::size_t limit,
                            const model::Signature& signature, bool labels_needed) {
  data::LoadOptions options;
  if (!split.empty()) options.split = split == "train" ? data::Split::train : data::Split::test;
  if (limit > 0) options.limit = limit;
  data::Dataset dataset = data::load(path, options);
  model::check(dataset, signature, labels_needed ? model::Labels::needed : model::Labels::optional);
  return dataset;
}

Subject load_subject(const SubjectOptions& options) {
  model::Network network = model::load_network(options.model, options.architecture);
  data::Dataset dataset =
      load_examples(options.data, options.split, options.limit, network.signature(), true);
  torch::Tensor inputs = model::examples(dataset);
  std::vector<std::int64_t> labels = dataset.labels;
  return {std::move(network), std::move(dataset), std::move(inputs), std::move(labels)};
}

ood::LinearHead head_of(const model::Network& network) {
  const auto& layers = network.layers();
  if (layers.empty() || layers.back().kind != model::LayerKind::linear)
    throw ModelError("network: scores of features need a linear layer at the end");
  const torch::Tensor weight = layers.back().tensor("weight");
  const torch::Tensor bias = layers.back().tensor("bias");
  if (!bias.defined()) throw ModelError("network: its last layer needs a bias for these scores");
  return {probe::matrix_view(weight.data_ptr<float>(), static_cast<std::size_t>(weight.size(0)),
                             static_cast<std::size_t>(weight.size(1))),
          {bias.data_ptr<float>(), static_cast<std::size_t>(bias.numel())}};
}

}  // namespace emdyn::torch_plugin
