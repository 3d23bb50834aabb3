#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/math/matrix_view.hpp"
#include "emdyn/model/lab/grokking/modular.hpp"

namespace emdyn::model::lab {

enum class TrainingLoss { cross_entropy, mse };
inline constexpr std::string_view kLossWords[] = {"cross_entropy", "mse"};

/// Means over a set of pairs.
struct Metrics {
  double loss = 0.0;      ///< Nats for cross_entropy; squared error per class for mse.
  double accuracy = 0.0;  ///< Share of pairs whose target has strictly the greatest logit.
};

/// A named weight matrix of a network.
struct WeightMatrix {
  std::string name;
  math::MatrixView<float> weights;
};

/// A network that maps pairs (x, y) to logits over p classes. Its parameters and gradients are flat
/// arrays (padding included and always 0), so one optimiser serves every network.
class PairNetwork {
 public:
  virtual ~PairNetwork() = default;
  virtual std::span<float> parameters() noexcept = 0;
  virtual std::span<const float> gradients() const noexcept = 0;
  /// Mean loss over the pairs and its gradient, which replaces the one before.
  virtual Metrics forward_backward(std::span<const Pair> pairs) = 0;
  virtual Metrics evaluate(std::span<const Pair> pairs) = 0;
  /// The hidden activations after the non-linearity, [pair, unit]; the view lives until the next
  /// call of a non-const member.
  virtual math::MatrixView<float> hidden(std::span<const Pair> pairs) = 0;
  /// Views of the current weights; valid while the network lives.
  virtual std::vector<WeightMatrix> layers() const = 0;
  /// The embedding of the first operand, [token, unit].
  virtual math::MatrixView<float> embedding() const = 0;
  /// Multiply-adds of a forward pass over one pair, for cost models.
  virtual double forward_operations() const noexcept = 0;
};

}  // namespace emdyn::model::lab
