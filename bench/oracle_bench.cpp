#include "oracle_bench.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "emdyn/core/philox.hpp"
#include "emdyn/model/network/model.hpp"
#include "emdyn/provoke/attack/attack.hpp"

namespace emdyn::bench {
namespace {

constexpr std::int64_t kPoints = 50;
constexpr std::int64_t kFeatures = 50;
constexpr std::int64_t kClasses = 10;

torch::Tensor normal(const std::vector<std::int64_t>& shape, double scale, std::uint64_t seed) {
  torch::Tensor tensor = torch::zeros(shape);
  Philox random(seed);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    values[i] = static_cast<float>(scale * random.normal());
  return tensor;
}

std::vector<std::int64_t> answers(const model::Model& model, const torch::Tensor& inputs) {
  model::Ledger ledger;
  const torch::Tensor best = model.logits(inputs, ledger).argmax(1);
  return {best.data_ptr<std::int64_t>(), best.data_ptr<std::int64_t>() + best.numel()};
}

/// A model, points, and the exact distance of each by norm.
struct Oracle {
  std::string_view name;
  model::FunctionModel model;
  torch::Tensor inputs;
  std::vector<provoke::attack::Norm> norms;
  std::function<double(provoke::attack::Norm norm, std::int64_t point, std::int64_t label)> exact;
};

/// min over k of |z_label - z_k| / |w_label - w_k|_q.
Oracle affine() {
  const torch::Tensor weight = normal({kClasses, kFeatures}, 1.0, 501);
  const torch::Tensor inputs = normal({kPoints, kFeatures}, 1.0, 502);
  return {"affine",
          model::FunctionModel({.input = {kFeatures}, .classes = kClasses, .low = -20, .high = 20},
                               [weight](const torch::Tensor& x) { return at::linear(x, weight); }),
          inputs,
          {provoke::attack::Norm::l1, provoke::attack::Norm::l2, provoke::attack::Norm::linf},
          [weight, inputs](provoke::attack::Norm norm, std::int64_t point, std::int64_t label) {
            double nearest = std::numeric_limits<double>::infinity();
            for (std::int64_t k = 0; k < kClasses; ++k) {
              if (k == label) continue;
              const torch::Tensor w = (weight[label] - weight[k]).contiguous();
              const double gap = at::dot(w, inputs[point]).item<double>();
              const double dual = provoke::attack::dual_norm(
                  norm, {w.data_ptr<float>(), static_cast<std::size_t>(kFeatures)});
              nearest = std::min(nearest, gap / dual);
            }
            return nearest;
          }};
}

/// | |x| - r |.
Oracle sphere() {
  constexpr double kRadius = 5.0;
  const torch::Tensor inputs = normal({kPoints, kFeatures}, 0.75, 503);
  return {"sphere",
          model::FunctionModel({.input = {kFeatures}, .classes = 2, .low = -20, .high = 20},
                               [](const torch::Tensor& x) {
                                 const torch::Tensor in = kRadius * kRadius - x.square().sum(1);
                                 return at::stack({in, -in}, 1);
                               }),
          inputs,
          {provoke::attack::Norm::l2},
          [inputs](provoke::attack::Norm, std::int64_t point, std::int64_t) {
            return std::abs(inputs[point].norm().item<double>() - kRadius);
          }};
}

/// min over centres b of (|x - b|² - |x - a|²) / (2 |a - b|).
Oracle nearest_neighbour() {
  const torch::Tensor centres = normal({kClasses, kFeatures}, 1.0, 504);
  const torch::Tensor inputs = normal({kPoints, kFeatures}, 1.0, 505);
  return {"nearest_neighbour",
          model::FunctionModel({.input = {kFeatures}, .classes = kClasses, .low = -20, .high = 20},
                               [centres](const torch::Tensor& x) {
                                 return -(x.unsqueeze(1) - centres.unsqueeze(0)).square().sum(2);
                               }),
          inputs,
          {provoke::attack::Norm::l2},
          [centres, inputs](provoke::attack::Norm, std::int64_t point, std::int64_t label) {
            const torch::Tensor x = inputs[point].to(torch::kFloat64);
            const torch::Tensor c = centres.to(torch::kFloat64);
            double nearest = std::numeric_limits<double>::infinity();
            for (std::int64_t k = 0; k < kClasses; ++k) {
              if (k == label) continue;
              const torch::Tensor far = (x - c[k]).square().sum() - (x - c[label]).square().sum();
              nearest = std::min(nearest, (far / (2.0 * (c[label] - c[k]).norm())).item<double>());
            }
            return nearest;
          }};
}

/// % by which the worst point lies above its exact distance; infinite where one was not broken.
double worst_excess(const Oracle& oracle, std::string_view attack, provoke::attack::Norm norm) {
  const auto labels = answers(oracle.model, oracle.inputs);
  provoke::attack::AttackOptions options;
  options.norm = norm;
  const auto result =
      provoke::attack::run_attack(attack, oracle.model, oracle.inputs, labels, options);
  double worst = 0.0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double exact = oracle.exact(norm, static_cast<std::int64_t>(i), labels[i]);
    worst = std::max(worst, 100.0 * (result.distance[i] / exact - 1.0));
  }
  return worst;
}

}  // namespace

std::vector<Row> oracle_bench() {
  constexpr double kBar = 1.0;
  std::vector<Row> rows;
  for (const Oracle& oracle : {affine(), sphere(), nearest_neighbour()}) {
    for (const std::string_view attack : {"fmn", "fab_t", "carlini_wagner", "deep_fool"}) {
      for (const provoke::attack::Norm norm : oracle.norms) {
        const auto& known = provoke::attack::find_attack(attack).norms;
        if (std::ranges::find(known, norm) == known.end()) continue;
        const double worst = worst_excess(oracle, attack, norm);
        Row row{fmt::format("{}_{}_{}", oracle.name, attack, provoke::attack::word(norm)), worst,
                "% above exact, worst point", kBar, "bar"};
        row.passes = worst <= kBar;
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

}  // namespace emdyn::bench
