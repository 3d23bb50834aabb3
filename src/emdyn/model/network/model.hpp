#pragma once
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emdyn/model/files/signature.hpp"

namespace emdyn::model {

/// What was asked of a model, counted in examples: a batch of 64 counts 64.
struct Ledger {
  std::int64_t forward = 0;   ///< Forward passes alone.
  std::int64_t gradient = 0;  ///< Backward passes; the forward pass they need is part of them.

  Ledger& operator+=(const Ledger& other) noexcept {
    forward += other.forward;
    gradient += other.gradient;
    return *this;
  }
  bool operator==(const Ledger&) const = default;
};
void to_json(nlohmann::ordered_json& json, const Ledger& ledger);

/// Whether a model that gives these logits takes another class than `label`. It takes the first of its greatest
/// logits; a logit that is not a number counts as an error.
inline bool is_error(std::span<const float> logits, std::size_t label) noexcept {
  for (std::size_t k = 0; k < logits.size(); ++k) {
    const bool below = k < label ? logits[k] < logits[label] : logits[k] <= logits[label];
    if (k != label && !below) return true;
  }
  return false;
}

/// A classifier: a batch of examples [batch, input...] (float32, raw values in the box: the
/// preprocessing is inside the model) to logits [batch, classes]. Calls are safe from many threads
/// at once; every call says to which ledger it goes.
class Model {
 public:
  /// One value per example, from logits [batch, classes] that carry a graph.
  using Loss = std::function<torch::Tensor(const torch::Tensor& logits)>;

  struct Gradient {
    torch::Tensor logits;  ///< [batch, classes], without graph.
    torch::Tensor loss;    ///< [batch]
    torch::Tensor input;   ///< [batch, input...]: of each example's loss by its own values.
  };
  struct Jacobian {
    torch::Tensor logits;  ///< [batch, classes]
    torch::Tensor rows;    ///< [batch, k, input...]
  };

  virtual ~Model() = default;

  virtual const Signature& signature() const noexcept = 0;
  /// Whether gradient() and jacobian() work; a black box has none.
  virtual bool differentiable() const noexcept = 0;

  /// [batch, classes] without graph. @throws ModelError for a shape that does not fit.
  torch::Tensor logits(const torch::Tensor& inputs, Ledger& ledger) const;

  /// [batch, d]: what the last linear layer sees. @throws ModelError where the model has none.
  virtual torch::Tensor features(const torch::Tensor& inputs, Ledger& ledger) const;

  /// The loss of every example and its gradient by the inputs; counts batch gradients.
  /// @throws ModelError for a black box, or a loss that is not [batch].
  Gradient gradient(const torch::Tensor& inputs, const Loss& loss, Ledger& ledger) const;

  /// Gradients of k linear functions of the logits per example: `weights` [batch, k, classes]. One
  /// forward pass, k backward passes; counts batch * k gradients. @throws ModelError as above.
  Jacobian jacobian(const torch::Tensor& inputs, const torch::Tensor& weights,
                    Ledger& ledger) const;

 protected:
  /// [batch, classes]; builds a graph back to `inputs` when they require gradients.
  virtual torch::Tensor forward(const torch::Tensor& inputs) const = 0;
  /// @throws ModelError naming both shapes when `inputs` is not [batch, input...] of float32.
  void check(const torch::Tensor& inputs) const;
};

/// A model made of a function that torch can differentiate.
class FunctionModel final : public Model {
 public:
  using Function = std::function<torch::Tensor(const torch::Tensor& inputs)>;
  FunctionModel(Signature signature, Function function)
      : signature_(std::move(signature)), function_(std::move(function)) {}

  const Signature& signature() const noexcept override { return signature_; }
  bool differentiable() const noexcept override { return true; }

 protected:
  torch::Tensor forward(const torch::Tensor& inputs) const override { return function_(inputs); }

 private:
  Signature signature_;
  Function function_;
};

}  // namespace emdyn::model
