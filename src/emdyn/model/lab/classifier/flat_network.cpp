#include "emdyn/model/lab/classifier/flat_network.hpp"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "emdyn/math/gemm.hpp"

namespace emdyn::model::lab {
namespace {

/// Preprocessing and running statistics are not learned by gradients.
bool trainable(const model::Layer& layer, const std::string& key) {
  return layer.kind != model::LayerKind::normalize && !key.starts_with("running_");
}

void collect(const std::vector<model::Layer>& layers, std::vector<float>& flat) {
  for (const model::Layer& layer : layers) {
    for (const auto& [key, tensor] : layer.tensors) {
      if (!tensor.defined() || !trainable(layer, key)) continue;
      const torch::Tensor packed = tensor.contiguous();
      const auto* data = packed.data_ptr<float>();
      flat.insert(flat.end(), data, data + packed.numel());
    }
    collect(layer.body, flat);
    collect(layer.shortcut, flat);
  }
}

void detach(std::vector<model::Layer>& layers) {
  for (model::Layer& layer : layers) {
    for (auto& [key, tensor] : layer.tensors) {
      if (tensor.defined()) tensor = tensor.detach().clone();
    }
    detach(layer.body);
    detach(layer.shortcut);
  }
}

}  // namespace

FlatNetwork::FlatNetwork(model::Signature signature, const std::vector<model::Layer>& layers,
                         std::size_t copies)
    : signature_(std::move(signature)) {
  collect(layers, parameters_);
  parameters_.resize(math::padded(parameters_.size()), 0.0F);
  copies_.resize(copies);
  for (Copy& copy : copies_) {
    copy.layers = layers;
    std::size_t offset = 0;
    bind(copy.layers, copy, offset);
  }
}

void FlatNetwork::bind(std::vector<model::Layer>& layers, Copy& copy, std::size_t& offset) {
  for (model::Layer& layer : layers) {
    for (auto& [key, tensor] : layer.tensors) {
      if (!tensor.defined() || !trainable(layer, key)) continue;
      tensor = at::from_blob(parameters_.data() + offset, tensor.sizes(), torch::kFloat32);
      tensor.set_requires_grad(true);
      offset += static_cast<std::size_t>(tensor.numel());
      copy.leaves.push_back(tensor);
    }
    bind(layer.body, copy, offset);
    bind(layer.shortcut, copy, offset);
  }
}

void FlatNetwork::gradient(std::size_t copy, const torch::Tensor& loss,
                           std::span<float> flat) const {
  const auto found = torch::autograd::grad({loss}, copies_[copy].leaves, {}, false, false, true);
  auto at = flat.begin();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto size = copies_[copy].leaves[i].numel();
    if (found[i].defined()) {
      const torch::Tensor packed = found[i].contiguous();
      std::copy_n(packed.data_ptr<float>(), size, at);
    } else {
      std::fill_n(at, size, 0.0F);
    }
    at += size;
  }
  std::fill(at, flat.end(), 0.0F);
}

model::Network FlatNetwork::network() const {
  std::vector<model::Layer> layers = copies_.front().layers;
  detach(layers);
  return {signature_, std::move(layers)};
}

}  // namespace emdyn::model::lab
