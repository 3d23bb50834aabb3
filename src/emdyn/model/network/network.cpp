#include "emdyn/model/network/network.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/model/network/network_shape.hpp"

namespace emdyn::model {
namespace {

void check_values(const std::vector<Layer>& layers) {
  for (const Layer& layer : layers) {
    for (const auto& [key, tensor] : layer.tensors) {
      if (!tensor.defined()) continue;
      if (tensor.scalar_type() != torch::kFloat32)
        throw ModelError(fmt::format("network: {}.{} must be float32", layer.name, key));
      if (!at::isfinite(tensor).all().item<bool>())
        throw ModelError(
            fmt::format("network: {}.{} holds values that are not finite", layer.name, key));
    }
    check_values(layer.body);
    check_values(layer.shortcut);
  }
}

/// `values`, one per channel, along axis 1 of `x`.
torch::Tensor along_channels(const torch::Tensor& values, const torch::Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = -1;
  return values.view(shape);
}

/// All weights of an LSTM in the order at::lstm takes them.
torch::Tensor lstm(const Layer& layer, const torch::Tensor& x) {
  std::vector<torch::Tensor> weights;
  std::int64_t levels = 0;
  for (; layer.tensor(fmt::format("weight_ih_l{}", levels)).defined(); ++levels) {
    for (const char* key : {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"})
      weights.push_back(layer.tensor(key + std::to_string(levels)));
  }
  const std::int64_t hidden = layer.tensor("weight_hh_l0").size(1);
  const torch::Tensor start = at::zeros({levels, x.size(0), hidden}, x.options());
  const auto found = at::lstm(x, {start, start}, weights, true, levels, 0.0, false, false, true);
  return std::get<0>(found).select(1, -1);
}

/// Vaswani et al., "Attention is all you need", 2017; no mask.
torch::Tensor attention(const Layer& layer, const torch::Tensor& x) {
  const std::int64_t batch = x.size(0);
  const std::int64_t time = x.size(1);
  const std::int64_t width = x.size(2);
  const std::int64_t head = width / layer.heads;
  const torch::Tensor all =
      at::linear(x, layer.tensor("in_proj_weight"), layer.tensor("in_proj_bias"))
          .view({batch, time, 3, layer.heads, head})
          .permute({2, 0, 3, 1, 4});
  const torch::Tensor scores =
      at::matmul(all[0], all[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(head));
  const torch::Tensor mixed =
      at::matmul(at::softmax(scores, -1), all[2]).transpose(1, 2).reshape({batch, time, width});
  return at::linear(mixed, layer.tensor("out_proj.weight"), layer.tensor("out_proj.bias"));
}

torch::Tensor per_frame(const Layer& layer, const torch::Tensor& x) {
  const torch::Tensor each = apply(layer.body, x.flatten(0, 1));
  std::vector<std::int64_t> shape = each.sizes().vec();
  shape[0] = x.size(1);
  shape.insert(shape.begin(), x.size(0));
  return each.view(shape);
}

}  // namespace

const Network& network_of(const Model& model, std::string_view needs) {
  const auto* network = dynamic_cast<const Network*>(&model);
  if (network != nullptr) return *network;
  throw ModelError(fmt::format(
      "{}: needs a network whose layers are known, and TorchScript and models over a pipe hide "
      "them; save its weights as safetensors and describe its layers in a TOML file "
      "(docs/models.md; emdyn.export does both)",
      needs));
}

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
    case LayerKind::normalize:
      return (x - along_channels(layer.tensor("mean"), x)) /
             along_channels(layer.tensor("deviation"), x);
    case LayerKind::batch_norm:
      return at::batch_norm(x, layer.tensor("weight"), layer.tensor("bias"),
                            layer.tensor("running_mean"), layer.tensor("running_var"), false, 0.0,
                            layer.epsilon, false);
    case LayerKind::layer_norm:
      return at::layer_norm(x, {x.size(-1)}, layer.tensor("weight"), layer.tensor("bias"),
                            layer.epsilon, false);
    case LayerKind::lstm:
      return lstm(layer, x);
    case LayerKind::attention:
      return attention(layer, x);
    case LayerKind::per_frame:
      return per_frame(layer, x);
  }
  throw ModelError(fmt::format("network: layer {} is of no known kind", layer.name));
}

Network::Network(Signature signature, std::vector<Layer> layers)
    : signature_(std::move(signature)), layers_(std::move(layers)) {
  check_values(layers_);
  const TensorShape output = output_shape(layers_, signature_.input);
  if (output != TensorShape{signature_.classes})
    throw ModelError(fmt::format("network: it should give {} logits, its layers give {}",
                                 signature_.classes, shape_text(output)));
  std::vector<std::int64_t> one = signature_.input;
  one.insert(one.begin(), 1);
  Ledger ledger;
  try {
    logits(at::zeros(one), ledger);
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
