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

struct Shown {
  torch::Tensor logits;    ///< [batch, classes]
  torch::Tensor features;  ///< [batch, d]; the logits themselves where the model shows none.
};

/// logits = weight · features + bias.
struct OutputLayer {
  torch::Tensor weight;  ///< [classes, d], float32
  torch::Tensor bias;    ///< [classes]; undefined where it has none.
};

/// What models are that are no networks of ours and yet may show what their last linear layer sees.
class WithFeatures : public WithGraph {
 public:
  virtual bool shows_features() const noexcept = 0;
  /// Both in one pass, as shown() does.
  virtual Shown see(const torch::Tensor& inputs) const = 0;
  /// @pre shows_features()
  virtual OutputLayer output_layer() const = 0;
};

/// Whether a model shows what its last linear layer sees: a Network that ends in one does, and what says so itself.
bool shows_features(const Model& model) noexcept;

/// @pre shows_features(model)
OutputLayer output_layer(const Model& model);

/// Both in one pass, with a graph back to `inputs` where they require gradients: for objectives
/// over several passes. The caller counts it. @pre `inputs` are float32 [batch, input...]. A model
/// that is neither a network nor WithGraph answers without a graph.
Shown shown(const Model& model, const torch::Tensor& inputs);

}  // namespace emdyn::model
