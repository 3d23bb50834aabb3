#pragma once
#include <torch/types.h>

#include <span>
#include <vector>

#include "emdyn/model/network/network.hpp"

namespace emdyn::model::lab {

/// The weights of a network in one flat array, and several copies of its layers that read them, so
/// that parts of a batch can be differentiated side by side.
class FlatNetwork {
 public:
  /// @param copies layers that run side by side.
  FlatNetwork(model::Signature signature, const std::vector<model::Layer>& layers,
              std::size_t copies);

  /// Trainable weights, padded with zeros to a multiple of math::kLanes.
  std::span<float> parameters() noexcept { return parameters_; }
  std::span<const float> parameters() const noexcept { return parameters_; }
  const model::Signature& signature() const noexcept { return signature_; }
  const std::vector<model::Layer>& layers(std::size_t copy) const { return copies_[copy].layers; }
  /// Writes the gradient of `loss` by the weights of one copy. @pre flat is as long as
  /// parameters().
  void gradient(std::size_t copy, const torch::Tensor& loss, std::span<float> flat) const;
  /// A network with weights of its own.
  model::Network network() const;

 private:
  struct Copy {
    std::vector<model::Layer> layers;
    std::vector<torch::Tensor> leaves;  ///< In the order of the flat array.
  };
  void bind(std::vector<model::Layer>& layers, Copy& copy, std::size_t& offset);

  model::Signature signature_;
  std::vector<float> parameters_;
  std::vector<Copy> copies_;
};

}  // namespace emdyn::model::lab
