#include "emdyn/model/network/model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"

namespace emdyn::model {
namespace {

std::string shape_text(torch::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

torch::Tensor input_gradient(const torch::Tensor& sum, const torch::Tensor& inputs,
                             bool keep_graph) {
  const auto rows = torch::autograd::grad({sum}, {inputs}, {}, keep_graph, false, true);
  return rows[0].defined() ? rows[0].detach() : torch::zeros_like(inputs);
}

}  // namespace

void to_json(nlohmann::ordered_json& json, const Ledger& ledger) {
  json = {{"forward", ledger.forward}, {"gradient", ledger.gradient}};
}

void Model::check(const torch::Tensor& inputs) const {
  const Signature& expected = signature();
  if (inputs.scalar_type() != torch::kFloat32)
    throw ModelError(
        fmt::format("model: inputs must be float32, got {}", toString(inputs.scalar_type())));
  if (inputs.dim() == 0 || inputs.sizes().slice(1) != torch::IntArrayRef(expected.input)) {
    throw ModelError(fmt::format("model: it takes [batch, {}], got {}",
                                 fmt::join(expected.input, ", "), shape_text(inputs.sizes())));
  }
}

torch::Tensor Model::logits(const torch::Tensor& inputs, Ledger& ledger) const {
  check(inputs);
  const torch::NoGradGuard no_grad;
  torch::Tensor result = forward(inputs);
  ledger.forward += inputs.size(0);
  if (result.dim() != 2 || result.size(0) != inputs.size(0) ||
      result.size(1) != signature().classes) {
    throw ModelError(fmt::format("model: it should give [{}, {}] logits, gave {}", inputs.size(0),
                                 signature().classes, shape_text(result.sizes())));
  }
  return result;
}

torch::Tensor Model::features(const torch::Tensor&, Ledger&) const {
  throw ModelError("model: it shows no features; scores on logits work without them");
}

Model::Gradient Model::gradient(const torch::Tensor& inputs, const Loss& loss,
                                Ledger& ledger) const {
  check(inputs);
  if (!differentiable())
    throw ModelError("model: a black box has no gradient; use square, hop_skip_jump or spsa");
  const torch::AutoGradMode with_grad(true);
  const torch::Tensor leaf = inputs.detach().requires_grad_(true);
  const torch::Tensor logits = forward(leaf);
  const torch::Tensor losses = loss(logits);
  if (losses.dim() != 1 || losses.size(0) != inputs.size(0))
    throw ModelError(fmt::format("model: a loss must be [{}], got {}", inputs.size(0),
                                 shape_text(losses.sizes())));
  ledger.gradient += inputs.size(0);
  torch::Tensor slope = losses.requires_grad() ? input_gradient(losses.sum(), leaf, false)
                                               : torch::zeros_like(leaf).detach();
  return {logits.detach(), losses.detach(), slope};
}

Model::Jacobian Model::jacobian(const torch::Tensor& inputs, const torch::Tensor& weights,
                                Ledger& ledger) const {
  check(inputs);
  if (!differentiable())
    throw ModelError("model: a black box has no gradient; use square, hop_skip_jump or spsa");
  if (weights.dim() != 3 || weights.size(0) != inputs.size(0) ||
      weights.size(2) != signature().classes) {
    throw ModelError(fmt::format("model: weights must be [{}, k, {}], got {}", inputs.size(0),
                                 signature().classes, shape_text(weights.sizes())));
  }
  const torch::AutoGradMode with_grad(true);
  const torch::Tensor leaf = inputs.detach().requires_grad_(true);
  const torch::Tensor logits = forward(leaf);
  const std::int64_t count = weights.size(1);
  std::vector<torch::Tensor> rows;
  for (std::int64_t k = 0; k < count; ++k) {
    const torch::Tensor sum = (logits * weights.select(1, k)).sum();
    rows.push_back(sum.requires_grad() ? input_gradient(sum, leaf, k + 1 < count)
                                       : torch::zeros_like(leaf).detach());
  }
  ledger.gradient += inputs.size(0) * count;
  return {logits.detach(), torch::stack(rows, 1)};
}

}  // namespace emdyn::model
