#pragma once
#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/certify/compile.hpp"

/// Networks for the tests of certificates.
namespace emdyn::provoke::certify {

using model::Layer;
using model::LayerKind;
using model::Network;

inline torch::Tensor random_tensor(Philox& random, std::vector<std::int64_t> shape, double scale) {
  torch::Tensor tensor = at::empty(shape, torch::kFloat32);
  float* data = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    data[i] = static_cast<float>(scale * random.normal());
  return tensor;
}

inline torch::Tensor uniform_tensor(Philox& random, std::vector<std::int64_t> shape) {
  torch::Tensor tensor = at::empty(shape, torch::kFloat32);
  float* data = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) data[i] = static_cast<float>(random.uniform());
  return tensor;
}

inline Layer fc(torch::Tensor weight, torch::Tensor bias) {
  return {.kind = LayerKind::linear,
          .name = "fc",
          .tensors = {{"weight", std::move(weight)}, {"bias", std::move(bias)}}};
}

inline Layer fc(Philox& random, std::int64_t in, std::int64_t out) {
  return fc(random_tensor(random, {out, in}, 1.0 / std::sqrt(static_cast<double>(in))),
            random_tensor(random, {out}, 0.3));
}

inline Layer conv(Philox& random, std::int64_t in, std::int64_t out, std::int64_t kernel,
                  std::int64_t stride, std::int64_t padding, std::int64_t groups = 1) {
  Layer layer{.kind = LayerKind::conv, .name = "conv"};
  layer.tensors = {{"weight", random_tensor(random, {out, in / groups, kernel, kernel}, 0.3)},
                   {"bias", random_tensor(random, {out}, 0.1)}};
  layer.stride = stride;
  layer.padding = padding;
  layer.groups = groups;
  return layer;
}

inline Layer relu() { return {.kind = LayerKind::relu, .name = "relu"}; }

inline Layer pool(LayerKind kind, std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  Layer layer{.kind = kind, .name = "pool"};
  layer.kernel = kernel;
  layer.stride = stride;
  layer.padding = padding;
  return layer;
}

inline Network small(Philox& random) {
  return {{.input = {2}, .classes = 3},
          {fc(random, 2, 4), relu(), fc(random, 4, 3), relu(), fc(random, 3, 3)}};
}

// One layer of every kind that certificates take.
inline Network assorted(Philox& random) {
  Layer normalize{.kind = LayerKind::normalize, .name = "normalize"};
  normalize.tensors = {{"mean", torch::tensor({0.4F, 0.6F})},
                       {"deviation", torch::tensor({0.5F, 0.25F})}};
  Layer norm{.kind = LayerKind::batch_norm, .name = "norm"};
  norm.tensors = {{"weight", random_tensor(random, {4}, 1.0)},
                  {"bias", random_tensor(random, {4}, 0.2)},
                  {"running_mean", random_tensor(random, {4}, 0.2)},
                  {"running_var", uniform_tensor(random, {4}) + 0.5}};
  Layer leaky{.kind = LayerKind::leaky_relu, .name = "leaky"};
  leaky.slope = 0.1;
  Layer residual{.kind = LayerKind::residual, .name = "block"};
  residual.body = {conv(random, 4, 4, 3, 1, 1, 2), relu(), conv(random, 4, 4, 3, 1, 1)};
  residual.shortcut = {conv(random, 4, 4, 1, 1, 0)};
  Layer plain{.kind = LayerKind::residual, .name = "plain"};
  plain.body = {conv(random, 4, 4, 1, 1, 0), leaky};
  return {{.input = {2, 6, 6}, .classes = 3},
          {normalize, conv(random, 2, 4, 3, 1, 1), norm, relu(), residual, relu(), plain,
           pool(LayerKind::max_pool, 3, 2, 1), pool(LayerKind::avg_pool, 2, 1, 1),
           Layer{.kind = LayerKind::flatten, .name = "flatten"}, fc(random, 4 * 4 * 4, 3)}};
}

inline std::int64_t predicted(const Graph& graph, const torch::Tensor& x) {
  const float* data = x.data_ptr<float>();
  const std::vector<double> values = graph.evaluate(std::vector<double>(data, data + x.numel()));
  return std::max_element(values.begin(), values.end()) - values.begin();
}

}  // namespace emdyn::provoke::certify
