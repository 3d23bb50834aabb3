#pragma once
#include <torch/types.h>

#include "emdyn/model/network/model.hpp"

namespace emdyn::model {

/// What models other than networks are, besides, whose logits can be had with their graph.
class WithGraph {
 public:
  virtual ~WithGraph() = default;
  /// [batch, classes] with a graph back to `inputs` where they require gradients.
  virtual torch::Tensor graph(const torch::Tensor& inputs) const = 0;
};

/// Whether a model shows what its last linear layer sees: a Network that ends in one does.
bool shows_features(const Model& model) noexcept;

struct Shown {
  torch::Tensor logits;    ///< [batch, classes]
  torch::Tensor features;  ///< [batch, d]; the logits themselves where the model shows none.
};
/// Both in one pass, with a graph back to `inputs` where they require gradients: for objectives
/// over several passes. The caller counts it. @pre `inputs` are float32 [batch, input...]. A model
/// that is neither a network nor WithGraph answers without a graph.
Shown shown(const Model& model, const torch::Tensor& inputs);

}  // namespace emdyn::model
