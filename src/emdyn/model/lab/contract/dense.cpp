#include "emdyn/model/lab/contract/dense.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/model/lab/contract/kernels.hpp"

namespace emdyn::model::lab {

Dense::Dense(std::vector<std::size_t> sizes, double init_scale, Philox random)
    : sizes_(std::move(sizes)) {
  for (const std::size_t size : sizes_) strides_.push_back(padded(size));
  std::size_t offset = 0;
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    const std::size_t bias = offset + strides_[layer] * strides_[layer + 1];
    places_.push_back({offset, bias});
    offset = bias + strides_[layer + 1];
  }
  parameters_.assign(offset, 0.0F);
  gradients_.assign(offset, 0.0F);
  values_.resize(sizes_.size());
  deltas_.resize(sizes_.size());
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    const double bound = init_scale / std::sqrt(static_cast<double>(sizes_[layer]));
    const auto draw = [&] { return static_cast<float>(bound * (2.0 * random.uniform() - 1.0)); };
    for (std::size_t i = 0; i < sizes_[layer]; ++i) {
      for (std::size_t j = 0; j < sizes_[layer + 1]; ++j) {
        parameters_[places_[layer].weights + i * strides_[layer + 1] + j] = draw();
      }
    }
    for (std::size_t j = 0; j < sizes_[layer + 1]; ++j) {
      parameters_[places_[layer].bias + j] = draw();
    }
  }
}

std::span<const float> Dense::forward(std::span<const float> inputs) {
  samples_ = inputs.size() / sizes_.front();
  for (std::size_t i = 0; i < sizes_.size(); ++i) values_[i].resize(samples_ * strides_[i]);
  std::fill(values_[0].begin(), values_[0].end(), 0.0F);
  for (std::size_t s = 0; s < samples_; ++s) {
    std::copy_n(inputs.begin() + static_cast<std::ptrdiff_t>(s * sizes_[0]), sizes_[0],
                values_[0].begin() + static_cast<std::ptrdiff_t>(s * strides_[0]));
  }
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    const std::size_t width = strides_[layer + 1];
    float* out = values_[layer + 1].data();
    for (std::size_t s = 0; s < samples_; ++s) {
      std::copy_n(parameters_.data() + places_[layer].bias, width, out + s * width);
    }
    gemm(samples_, width, sizes_[layer], {values_[layer].data(), strides_[layer], 1},
         parameters_.data() + places_[layer].weights, width, out, width, true);
    if (layer + 1 == layers()) continue;
    for (float& value : values_[layer + 1]) value = value > 0.0F ? value : 0.0F;
  }
  outputs_.resize(samples_);
  for (std::size_t s = 0; s < samples_; ++s) outputs_[s] = values_.back()[s * strides_.back()];
  return outputs_;
}

double Dense::forward_backward(std::span<const float> inputs, std::span<const float> targets) {
  forward(inputs);
  for (std::size_t i = 1; i < sizes_.size(); ++i) deltas_[i].assign(values_[i].size(), 0.0F);
  const float scale = 2.0F / static_cast<float>(samples_);
  double loss = 0.0;
  for (std::size_t s = 0; s < samples_; ++s) {
    const float error = outputs_[s] - targets[s];
    loss += static_cast<double>(error) * static_cast<double>(error);
    deltas_.back()[s * strides_.back()] = scale * error;
  }
  for (std::size_t layer = layers(); layer-- > 0;) backward_layer(layer, samples_);
  return loss / static_cast<double>(samples_);
}

void Dense::backward_layer(std::size_t layer, std::size_t samples) {
  const std::size_t width = strides_[layer + 1];
  const std::size_t depth = strides_[layer];
  const float* delta = deltas_[layer + 1].data();
  gemm(depth, width, samples, {values_[layer].data(), 1, depth}, delta, width,
       gradients_.data() + places_[layer].weights, width, false);
  float* bias = gradients_.data() + places_[layer].bias;
  std::fill_n(bias, width, 0.0F);
  for (std::size_t s = 0; s < samples; ++s) add_to(bias, delta + s * width, width);
  if (layer == 0) return;
  transposed_.resize(depth * width);
  const float* weights = parameters_.data() + places_[layer].weights;
  for (std::size_t i = 0; i < depth; ++i) {
    for (std::size_t j = 0; j < width; ++j) transposed_[j * depth + i] = weights[i * width + j];
  }
  gemm(samples, depth, sizes_[layer + 1], {delta, width, 1}, transposed_.data(), depth,
       deltas_[layer].data(), depth, false);
  relu_backward(values_[layer].data(), deltas_[layer].data(), samples * depth);
}

math::MatrixView<float> Dense::weights(std::size_t layer) const noexcept {
  return {parameters_.data() + places_[layer].weights, sizes_[layer], sizes_[layer + 1],
          strides_[layer + 1], 1};
}

math::MatrixView<float> Dense::activations(std::size_t layer) const noexcept {
  return {values_[layer + 1].data(), samples_, sizes_[layer + 1], strides_[layer + 1], 1};
}

}  // namespace emdyn::model::lab
