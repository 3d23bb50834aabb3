#include "emdyn/model/network/shown.hpp"

#include "emdyn/model/network/network.hpp"

namespace emdyn::model {

bool shows_features(const Model& model) noexcept {
  const auto* network = dynamic_cast<const Network*>(&model);
  if (network != nullptr)
    return !network->layers().empty() && network->layers().back().kind == LayerKind::linear;
  const auto* other = dynamic_cast<const WithFeatures*>(&model);
  return other != nullptr && other->shows_features();
}

OutputLayer output_layer(const Model& model) {
  if (const auto* other = dynamic_cast<const WithFeatures*>(&model)) return other->output_layer();
  const Layer& last = network_of(model, "scores of features").layers().back();
  return {last.tensor("weight"), last.tensor("bias")};
}

Shown shown(const Model& model, const torch::Tensor& inputs) {
  if (const auto* network = dynamic_cast<const Network*>(&model)) {
    const std::vector<Layer>& layers = network->layers();
    if (!shows_features(model)) {
      const torch::Tensor logits = apply(layers, inputs);
      return {logits, logits};
    }
    torch::Tensor x = inputs;
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = apply(layers[i], x);
    return {apply(layers.back(), x), x};
  }
  if (const auto* other = dynamic_cast<const WithFeatures*>(&model)) return other->see(inputs);
  torch::Tensor logits;
  if (const auto* source = dynamic_cast<const WithGraph*>(&model)) {
    logits = source->graph(inputs);
  } else {
    Ledger uncounted;
    logits = model.logits(inputs.detach(), uncounted);
  }
  return {logits, logits};
}

}  // namespace emdyn::model
