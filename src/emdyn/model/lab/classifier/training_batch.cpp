#include "emdyn/model/lab/classifier/training_batch.hpp"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

namespace emdyn::model::lab {

TrainingBatch batch_of(const Examples& examples, std::span<const std::uint32_t> indices) {
  std::vector<std::int64_t> shape = examples.shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(indices.size()));
  TrainingBatch batch{at::empty(shape, torch::kFloat32), at::empty({shape[0]}, torch::kInt64)};
  const auto each = static_cast<std::size_t>(batch.inputs.numel()) / indices.size();
  const std::span values(batch.inputs.data_ptr<float>(), each * indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    examples.fill(indices[i], values.subspan(i * each, each));
    batch.labels.data_ptr<std::int64_t>()[i] = examples.labels[indices[i]];
  }
  return batch;
}

torch::Tensor Pgd::perturb(const std::vector<model::Layer>& layers, const TrainingBatch& batch,
                           Philox random) const {
  torch::Tensor noise = at::empty_like(batch.inputs);
  auto* values = noise.data_ptr<float>();
  for (std::int64_t i = 0; i < noise.numel(); ++i)
    values[i] = static_cast<float>(epsilon * (2.0 * random.uniform() - 1.0));
  const double step = 2.5 * epsilon / static_cast<double>(steps);
  torch::Tensor x = (batch.inputs + noise).clamp(low, high);
  for (std::int64_t k = 0; k < steps; ++k) {
    const c10::AutoGradMode with_grad(true);
    const torch::Tensor leaf = x.detach().requires_grad_(true);
    const torch::Tensor loss =
        at::cross_entropy_loss(model::apply(layers, leaf), batch.labels, {}, at::Reduction::Sum);
    const torch::Tensor slope = torch::autograd::grad({loss}, {leaf})[0];
    const c10::AutoGradMode without(false);
    x = x + step * slope.sign();
    x = at::min(at::max(x, batch.inputs - epsilon), batch.inputs + epsilon).clamp(low, high);
  }
  return x.detach();
}

}  // namespace emdyn::model::lab
