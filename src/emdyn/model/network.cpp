#include "emdyn/model/network.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include "emdyn/core/error.hpp"

namespace emdyn::model {

torch::Tensor apply(const std::vector<Layer>& layers, torch::Tensor inputs) {
  for (const Layer& layer : layers) inputs = apply(layer, inputs);
  return inputs;
}

torch::Tensor apply(const Layer& layer, const torch::Tensor& x) {
  switch (layer.kind) {
    case LayerKind::conv:
      return at::conv2d(x, layer.tensor("weight"), layer.tensor("bias"), layer.stride,
                        layer.padding, 1, layer.groups);
    case LayerKind::linear:
      return at::linear(x, layer.tensor("weight"), layer.tensor("bias"));
    case LayerKind::max_pool:
      return at::max_pool2d(x, layer.kernel, layer.stride, layer.padding);
    case LayerKind::avg_pool:
      return at::avg_pool2d(x, layer.kernel, layer.stride, layer.padding);
    case LayerKind::flatten:
      return x.flatten(1);
    case LayerKind::relu:
      return at::relu(x);
    case LayerKind::leaky_relu:
      return at::leaky_relu(x, layer.slope);
    case LayerKind::gelu:
      return at::gelu(x);
    case LayerKind::quick_gelu:
      return x * at::sigmoid(1.702 * x);
    case LayerKind::silu:
      return at::silu(x);
    case LayerKind::tanh:
      return at::tanh(x);
    case LayerKind::sigmoid:
      return at::sigmoid(x);
    case LayerKind::softmax:
      return at::softmax(x, -1);
    case LayerKind::residual:
      return apply(layer.shortcut, x) + apply(layer.body, x);
    default:
      throw ModelError(fmt::format("network: layer {} is of a kind that cannot run", layer.name));
  }
}

Network::Network(Signature signature, std::vector<Layer> layers)
    : signature_(std::move(signature)), layers_(std::move(layers)) {
  for (const Layer& layer : layers_) {
    for (const auto& [key, tensor] : layer.tensors) {
      if (tensor.defined() && !at::isfinite(tensor).all().item<bool>())
        throw ModelError(
            fmt::format("network: {}.{} holds values that are not finite", layer.name, key));
    }
  }
  std::vector<std::int64_t> one = signature_.input;
  one.insert(one.begin(), 1);
  Ledger ledger;
  try {
    logits(torch::zeros(one), ledger);
  } catch (const c10::Error& error) {
    throw ModelError(
        fmt::format("network: its layers do not fit together: {}", error.what_without_backtrace()));
  }
}

torch::Tensor Network::forward(const torch::Tensor& inputs) const { return apply(layers_, inputs); }

torch::Tensor Network::features(const torch::Tensor& inputs, Ledger& ledger) const {
  check(inputs);
  if (layers_.empty() || layers_.back().kind != LayerKind::linear)
    throw ModelError("network: features need a linear layer at the end");
  const torch::NoGradGuard no_grad;
  torch::Tensor x = inputs;
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) x = apply(layers_[i], x);
  ledger.forward += inputs.size(0);
  return x;
}

}  // namespace emdyn::model
