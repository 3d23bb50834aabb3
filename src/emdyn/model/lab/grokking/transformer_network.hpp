#pragma once
#include <vector>

#include "emdyn/model/lab/grokking/network.hpp"
#include "emdyn/model/network/transformer.hpp"

namespace emdyn::model::lab {

/// model::Transformer as a network of the grokking experiment.
class TransformerNetwork final : public PairNetwork {
 public:
  /// @throws ConfigError, UnavailableError as model::Transformer.
  TransformerNetwork(const model::Transformer::Shape& shape, Philox random)
      : transformer_(shape, random) {}

  std::span<float> parameters() noexcept override { return transformer_.parameters(); }
  std::span<const float> gradients() const noexcept override { return transformer_.gradients(); }
  Metrics forward_backward(std::span<const Pair> pairs) override;
  Metrics evaluate(std::span<const Pair> pairs) override;
  math::MatrixView<float> hidden(std::span<const Pair> pairs) override;
  std::vector<WeightMatrix> layers() const override;
  math::MatrixView<float> embedding() const override;
  double forward_operations() const noexcept override { return transformer_.forward_operations(); }

 private:
  std::span<const model::Question> questions(std::span<const Pair> pairs);

  model::Transformer transformer_;
  std::vector<model::Question> questions_;
};

}  // namespace emdyn::model::lab
