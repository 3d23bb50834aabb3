#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/matrix_view.hpp"

namespace emdyn::model::lab {

/// A fully connected network for regression on one output: ReLU between layers, none at the end,
/// trained on the mean squared error. Weights and biases start uniform in ±init_scale/√fan-in, as
/// PyTorch's Linear does. Serial, so results do not depend on threads.
class Dense {
 public:
  /// @param sizes units per layer, input first, output (1) last; at least two.
  Dense(std::vector<std::size_t> sizes, double init_scale, Philox random);

  std::span<float> parameters() noexcept { return parameters_; }
  std::span<const float> gradients() const noexcept { return gradients_; }

  /// Outputs for inputs [sample, sizes[0]]; valid until the next call.
  std::span<const float> forward(std::span<const float> inputs);
  /// Mean squared error against `targets`, [sample]; its gradient replaces the one before.
  double forward_backward(std::span<const float> inputs, std::span<const float> targets);

  std::size_t layers() const noexcept { return sizes_.size() - 1; }
  /// Weights of a layer, [input, output], without biases.
  math::MatrixView<float> weights(std::size_t layer) const noexcept;
  /// Activations of a hidden layer (after ReLU) in the last forward pass, [sample, unit].
  math::MatrixView<float> activations(std::size_t layer) const noexcept;

 private:
  struct Place {
    std::size_t weights;  ///< Offset of [inputs, padded outputs].
    std::size_t bias;     ///< Offset of [padded outputs].
  };
  void backward_layer(std::size_t layer, std::size_t samples);

  std::vector<std::size_t> sizes_;
  std::vector<std::size_t> strides_;  ///< Padded sizes.
  std::vector<Place> places_;
  std::vector<float> parameters_;
  std::vector<float> gradients_;
  std::vector<std::vector<float>> values_;  ///< Per layer boundary, [sample, padded units].
  std::vector<std::vector<float>> deltas_;  ///< The same for gradients.
  std::vector<float> transposed_;
  std::vector<float> outputs_;
  std::size_t samples_ = 0;
};

}  // namespace emdyn::model::lab
