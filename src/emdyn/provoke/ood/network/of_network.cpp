#include "emdyn/provoke/ood/network/of_network.hpp"

#include "emdyn/model/network/shown.hpp"

namespace emdyn::provoke::ood {

LinearHead Head::view() const {
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
  const model::OutputLayer last = model::output_layer(model);
  const torch::Tensor weight = last.weight.contiguous();
  head.features = static_cast<std::size_t>(weight.size(1));
  head.weight.assign(weight.data_ptr<float>(), weight.data_ptr<float>() + weight.numel());
  if (last.bias.defined()) {
    const torch::Tensor bias = last.bias.contiguous();
    head.bias.assign(bias.data_ptr<float>(), bias.data_ptr<float>() + classes);
  }
  return head;
}

ScoredBatch batch_of(const model::Observations& seen) {
  return {math::matrix_view(seen.features.data(), seen.rows, seen.feature_count),
          math::matrix_view(seen.logits.data(), seen.rows, seen.classes)};
}

std::vector<std::uint32_t> labels_of(const std::vector<std::int64_t>& labels) {
  return {labels.begin(), labels.end()};
}

std::string feature_note(const model::Model& model) {
  if (model::shows_features(model)) return {};
  return "the model shows no features (a network given as safetensors and TOML, or a torch module "
         "over a pipe, does where it ends in a linear layer): its logits stand in for them";
}

}  // namespace emdyn::provoke::ood
