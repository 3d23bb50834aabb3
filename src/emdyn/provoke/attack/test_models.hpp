#pragma once
#include <ATen/Functions.h>

#include <utility>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/model/network/model.hpp"

/// Small models whose nearest misclassified points are known, for the tests of this folder.
namespace emdyn::provoke::attack::testing {

inline torch::Tensor normal(std::vector<std::int64_t> shape, std::uint64_t seed) {
  torch::Tensor tensor = torch::zeros(shape);
  Philox random(seed);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(random.normal());
  return tensor;
}

inline torch::Tensor uniform(std::vector<std::int64_t> shape, double low, double high,
                             std::uint64_t seed) {
  torch::Tensor tensor = torch::zeros(shape);
  Philox random(seed);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    values[i] = static_cast<float>(low + (high - low) * random.uniform());
  return tensor;
}

/// f(x) = W x + b with random W [classes, features].
struct Affine {
  torch::Tensor weight;
  torch::Tensor bias;
  model::FunctionModel model;

  Affine(torch::Tensor w, torch::Tensor b, double low, double high,
         std::vector<std::int64_t> shape = {})
      : weight(std::move(w)),
        bias(std::move(b)),
        model({.input = shape.empty() ? std::vector<std::int64_t>{weight.size(1)} : shape,
               .classes = weight.size(0),
               .low = low,
               .high = high},
              [weights = weight, biases = bias](const torch::Tensor& x) {
                return at::linear(x.flatten(1), weights, biases);
              }) {}
  static Affine random(std::int64_t classes, std::int64_t features, double low, double high,
                       std::uint64_t seed, std::vector<std::int64_t> shape = {}) {
    return {normal({classes, features}, seed), normal({classes}, seed + 1) * 0.1, low, high,
            std::move(shape)};
  }
};

/// What the model says of each point: labels that make every point right.
inline std::vector<std::int64_t> answers(const model::Model& model, const torch::Tensor& inputs) {
  model::Ledger ledger;
  const torch::Tensor best = model.logits(inputs, ledger).argmax(1);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < best.size(0); ++i) labels.push_back(best[i].item<std::int64_t>());
  return labels;
}

/// Only answers; shows no gradient.
class BlackBox final : public model::Model {
 public:
  explicit BlackBox(const model::Model& inside) : inside_(inside) {}
  const model::Signature& signature() const noexcept override { return inside_.signature(); }
  bool differentiable() const noexcept override { return false; }

 protected:
  torch::Tensor forward(const torch::Tensor& inputs) const override {
    model::Ledger ledger;
    return inside_.logits(inputs, ledger);
  }

 private:
  const model::Model& inside_;
};

}  // namespace emdyn::provoke::attack::testing
