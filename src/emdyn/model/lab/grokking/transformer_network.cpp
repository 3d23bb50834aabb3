#include "emdyn/model/lab/grokking/transformer_network.hpp"

namespace emdyn::model::lab {

std::span<const model::Question> TransformerNetwork::questions(std::span<const Pair> pairs) {
  questions_.clear();
  for (const Pair& pair : pairs) questions_.push_back({pair.x, pair.y, pair.target});
  return questions_;
}

Metrics TransformerNetwork::forward_backward(std::span<const Pair> pairs) {
  const auto result = transformer_.forward_backward(questions(pairs));
  return {result.loss, result.accuracy};
}

Metrics TransformerNetwork::evaluate(std::span<const Pair> pairs) {
  const auto result = transformer_.evaluate(questions(pairs));
  return {result.loss, result.accuracy};
}

math::MatrixView<float> TransformerNetwork::hidden(std::span<const Pair> pairs) {
  return transformer_.hidden(questions(pairs));
}

std::vector<WeightMatrix> TransformerNetwork::layers() const {
  std::vector<WeightMatrix> layers;
  for (auto& matrix : transformer_.matrices()) {
    layers.push_back({std::move(matrix.name), matrix.weights});
  }
  return layers;
}

math::MatrixView<float> TransformerNetwork::embedding() const {
  return transformer_.matrices().front().weights;
}

}  // namespace emdyn::model::lab
