#include "emdyn/tripwire/adaptive.hpp"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "emdyn/guard/squeeze.hpp"

namespace emdyn::tripwire {
namespace {

/// Values of `replacement` forwards, the gradient of `original` backwards.
torch::Tensor straight_through(const torch::Tensor& original, const torch::Tensor& replacement) {
  return original + (replacement - original).detach();
}

torch::Tensor filled(const torch::Tensor& like, const std::vector<float>& values) {
  torch::Tensor tensor = at::empty_like(like.detach(), like.options().requires_grad(false));
  std::memcpy(tensor.data_ptr<float>(), values.data(), values.size() * sizeof(float));
  return tensor;
}

torch::Tensor logits_of(const model::Network& network, const torch::Tensor& inputs) {
  return model::apply(network.layers(), inputs);
}

}  // namespace

torch::Tensor margin(const torch::Tensor& logits, const torch::Tensor& labels) {
  const torch::Tensor column = labels.unsqueeze(1);
  const torch::Tensor own = logits.gather(1, column).squeeze(1);
  const torch::Tensor others = logits.scatter(1, column, -1e30);
  return std::get<0>(others.max(1)) - own;
}

torch::Tensor climb(const torch::Tensor& inputs, const model::Signature& box,
                    const Objective& objective, const Done& done, const AdaptiveSettings& settings,
                    model::Ledger& ledger) {
  torch::Tensor x = inputs.clone();
  torch::Tensor best = inputs.clone();
  torch::Tensor open = at::ones({inputs.size(0)}, at::kBool);
  std::vector<std::int64_t> along(static_cast<std::size_t>(inputs.dim()), 1);
  along[0] = -1;
  const auto low = (inputs - settings.epsilon).clamp_min(box.low);
  const auto high = (inputs + settings.epsilon).clamp_max(box.high);
  for (std::int64_t step = 0; step < settings.steps && open.any().item<bool>(); ++step) {
    const torch::AutoGradMode with_grad(true);
    const torch::Tensor leaf = x.detach().requires_grad_(true);
    const torch::Tensor total = objective(leaf).sum();
    const auto slope = torch::autograd::grad({total}, {leaf}, {}, false, false, true)[0];
    ledger.gradient += open.sum().item<std::int64_t>();
    const torch::NoGradGuard no_grad;
    if (!slope.defined()) break;
    // Shorter and shorter steps: the last ones settle on the edge between the two aims.
    const double length =
        settings.epsilon * settings.step_share *
        (1.0 - 0.9 * static_cast<double>(step) /
                   static_cast<double>(std::max<std::int64_t>(1, settings.steps)));
    x = at::minimum(at::maximum(x + length * slope.sign(), low), high);
    const torch::Tensor found = done(x).logical_and(open);
    ledger.forward += open.sum().item<std::int64_t>();
    best = at::where(open.view(along), x, best);
    open = open.logical_and(found.logical_not());
  }
  return best;
}

std::vector<torch::Tensor> squeezed(const torch::Tensor& inputs, const model::Signature& box,
                                    int bits) {
  const torch::Tensor flat = inputs.detach().contiguous();
  const std::span<const float> values(flat.data_ptr<float>(),
                                      static_cast<std::size_t>(flat.numel()));
  const auto low = static_cast<float>(box.low);
  const auto high = static_cast<float>(box.high);
  std::vector<torch::Tensor> all{
      straight_through(inputs, filled(flat, guard::reduce_depth(values, bits, low, high)))};
  if (inputs.dim() >= 4) {
    const auto height = static_cast<std::size_t>(inputs.size(-2));
    const auto width = static_cast<std::size_t>(inputs.size(-1));
    all.push_back(
        straight_through(inputs, filled(flat, guard::median_filter(values, height, width, 2))));
  }
  return all;
}

torch::Tensor squeeze_score(const model::Network& network, const torch::Tensor& inputs, int bits,
                            bool sum) {
  const torch::Tensor plain = at::softmax(logits_of(network, inputs), 1);
  torch::Tensor score;
  for (const torch::Tensor& version : squeezed(inputs, network.signature(), bits)) {
    const torch::Tensor d = (plain - at::softmax(logits_of(network, version), 1)).abs().sum(1);
    score = !score.defined() ? d : sum ? score + d : at::maximum(score, d);
  }
  return score;
}

torch::Tensor log_density(const model::Network& network, const guard::KernelDensity& density,
                          const torch::Tensor& inputs) {
  const auto& layers = network.layers();
  torch::Tensor features = inputs;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) features = model::apply(layers[i], features);
  const torch::Tensor predicted = model::apply(layers.back(), features).argmax(1);
  const auto width = features.size(1);
  const double h = density.bandwidth();
  const double normal =
      static_cast<double>(width) * std::log(h * std::sqrt(2.0 * std::numbers::pi));
  std::vector<torch::Tensor> rows;
  for (std::int64_t i = 0; i < inputs.size(0); ++i) {
    const auto examples =
        density.examples(static_cast<std::uint32_t>(predicted[i].item<std::int64_t>()));
    const auto count = static_cast<std::int64_t>(examples.size()) / width;
    if (count == 0) {
      rows.push_back(features[i].sum() * 0.0 - 1e30);
      continue;
    }
    torch::Tensor bank = at::empty({count, width}, features.options().requires_grad(false));
    std::memcpy(bank.data_ptr<float>(), examples.data(), examples.size() * sizeof(float));
    const torch::Tensor squared = (bank - features[i]).square().sum(1);
    rows.push_back(at::logsumexp(squared * (-0.5 / (h * h)), 0) -
                   std::log(static_cast<double>(count)) - normal);
  }
  return at::stack(rows);
}

}  // namespace emdyn::tripwire
