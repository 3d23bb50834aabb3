#include "emdyn/provoke/trial/adaptive.hpp"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "emdyn/provoke/guard/squeeze.hpp"

namespace emdyn::provoke::trial {
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

torch::Tensor lead(const torch::Tensor& logits, const torch::Tensor& classes) {
  return -margin(logits, classes);
}

Reach reach_of(const torch::Tensor& inputs, const model::Signature& box, double epsilon) {
  return {(inputs - epsilon).clamp_min(box.low), (inputs + epsilon).clamp_max(box.high)};
}

torch::Tensor climb(const torch::Tensor& inputs, const Reach& reach, const Look& look,
                    const Judge& judge, const AdaptiveSettings& settings, model::Ledger& ledger,
                    const Task& task) {
  torch::Tensor x = inputs.clone();
  torch::Tensor best = inputs.clone();
  torch::Tensor open = at::ones({inputs.size(0)}, at::kBool);
  torch::Tensor unseen = at::zeros({inputs.size(0)}, at::kBool);
  std::vector<std::int64_t> column(static_cast<std::size_t>(inputs.dim()), 1);
  column[0] = -1;
  const auto scaled = [&](const torch::Tensor& slope, const torch::Tensor& wanted) {
    const torch::Tensor sum = slope.abs().flatten(1).sum(1).clamp_min(1e-30);
    return slope * (wanted.to(slope.dtype()) / sum).view(column);
  };
  const auto last = static_cast<double>(std::max<std::int64_t>(1, settings.steps));
  for (std::int64_t step = 0; step < settings.steps && open.any().item<bool>(); ++step) {
    if (task.stopped()) break;
    const torch::AutoGradMode with_grad(true);
    const torch::Tensor leaf = x.detach().requires_grad_(true);
    const Standing standing = look(leaf);
    const auto of_lead =
        torch::autograd::grad({standing.lead.sum()}, {leaf}, {}, true, false, true);
    const auto of_quiet =
        torch::autograd::grad({standing.quiet.sum()}, {leaf}, {}, false, false, true);
    ledger.gradient += 2 * open.sum().item<std::int64_t>();
    const torch::NoGradGuard no_grad;
    torch::Tensor direction = at::zeros_like(x);
    if (of_lead[0].defined())
      direction = direction + scaled(of_lead[0], standing.lead.detach() <= settings.lead);
    if (of_quiet[0].defined()) direction = direction + scaled(of_quiet[0], unseen.logical_not());
    // Shorter and shorter steps: the last ones settle on the edge between the two aims.
    const double length =
        settings.epsilon * settings.step_share * (1.0 - 0.9 * static_cast<double>(step) / last);
    x = at::minimum(at::maximum(x + length * direction.sign(), reach.low), reach.high);
    const Verdict verdict = judge(x);
    unseen = verdict.unseen;
    ledger.forward += open.sum().item<std::int64_t>();
    best = at::where(open.view(column), x, best);
    open = open.logical_and(verdict.wrong.logical_and(unseen).logical_not());
  }
  return best;
}

std::vector<torch::Tensor> squeezed(const torch::Tensor& inputs, const model::Signature& box,
                                    int bits, const Reach* reach) {
  const auto low = static_cast<float>(box.low);
  const auto high = static_cast<float>(box.high);
  const auto rounded = [&](const torch::Tensor& values) {
    const torch::Tensor flat = values.detach().contiguous();
    const std::span<const float> span(flat.data_ptr<float>(),
                                      static_cast<std::size_t>(flat.numel()));
    return filled(flat, provoke::guard::reduce_depth(span, bits, low, high));
  };
  torch::Tensor slope = inputs;
  if (reach != nullptr) {
    const torch::Tensor width = (reach->high - reach->low).clamp_min(1e-9);
    slope = inputs * ((rounded(reach->high) - rounded(reach->low)) / width);
  }
  std::vector<torch::Tensor> all{straight_through(slope, rounded(inputs))};
  if (inputs.dim() >= 4) {
    // Each pixel with its left, upper and upper left neighbours, edges mirrored; the third smallest
    // of the four, as provoke::guard::median_filter.
    const auto earlier = [](const torch::Tensor& image, std::int64_t axis) {
      const std::int64_t size = image.size(axis);
      if (size == 1) return image;
      return at::cat({image.narrow(axis, 1, 1), image.narrow(axis, 0, size - 1)}, axis);
    };
    const torch::Tensor above = earlier(inputs, -2);
    const torch::Tensor window =
        at::stack({inputs, earlier(inputs, -1), above, earlier(above, -1)});
    all.push_back(std::get<0>(window.sort(0))[2]);
  }
  return all;
}

torch::Tensor squeeze_score(const model::Network& network, const torch::Tensor& inputs, int bits) {
  const torch::Tensor plain = at::softmax(logits_of(network, inputs), 1);
  torch::Tensor score;
  for (const torch::Tensor& version : squeezed(inputs, network.signature(), bits)) {
    const torch::Tensor d = (plain - at::softmax(logits_of(network, version), 1)).abs().sum(1);
    score = !score.defined() ? d : at::maximum(score, d);
  }
  return score;
}

torch::Tensor log_density(const model::Network& network,
                          const provoke::guard::KernelDensity& density, const torch::Tensor& inputs,
                          const std::optional<torch::Tensor>& classes) {
  const auto& layers = network.layers();
  torch::Tensor features = inputs;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) features = model::apply(layers[i], features);
  const torch::Tensor chosen = classes ? *classes : model::apply(layers.back(), features).argmax(1);
  const std::int64_t width = features.size(1);
  const double h = density.bandwidth();
  const double normal =
      static_cast<double>(width) * std::log(h * std::sqrt(2.0 * std::numbers::pi));
  torch::Tensor result = at::full({inputs.size(0)}, -1e30) + features.sum(1) * 0.0;
  const torch::Tensor present = std::get<0>(at::_unique(chosen, true));
  for (std::int64_t k = 0; k < present.numel(); ++k) {
    const auto label = present[k].item<std::int64_t>();
    const auto examples = density.examples(static_cast<std::uint32_t>(label));
    const auto count = static_cast<std::int64_t>(examples.size()) / width;
    if (count == 0) continue;
    const torch::Tensor rows = (chosen == label).nonzero().squeeze(1);
    const torch::Tensor bank =
        torch::from_blob(const_cast<float*>(examples.data()), {count, width}, at::kFloat);
    // |a - b|^2 = |a|^2 + |b|^2 - 2ab, about the class's mean, where little is lost in differences.
    const torch::Tensor middle = bank.mean(0);
    const torch::Tensor centred = bank - middle;
    const torch::Tensor own = features.index_select(0, rows) - middle;
    const torch::Tensor squared =
        (own.square().sum(1, true) + centred.square().sum(1).unsqueeze(0) -
         2.0 * at::matmul(own, centred.t()))
            .clamp_min(0.0);
    const torch::Tensor log_mean = at::logsumexp(squared * (-0.5 / (h * h)), 1) -
                                   std::log(static_cast<double>(count)) - normal;
    result = result.index_put({rows}, log_mean);
  }
  return result;
}

}  // namespace emdyn::provoke::trial
