#include "certify_bench.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "emdyn/core/parallel.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/provoke/certify/certify.hpp"

namespace emdyn::bench {
namespace {

using Clock = std::chrono::steady_clock;
using model::Layer;
using model::LayerKind;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool plain(const model::Network& network) {
  return std::ranges::all_of(network.layers(), [](const Layer& layer) {
    return layer.kind == LayerKind::conv || layer.kind == LayerKind::linear ||
           layer.kind == LayerKind::relu || layer.kind == LayerKind::flatten;
  });
}

// CROWN of one example, float32, nothing left out.
class DenseCrown {
 public:
  DenseCrown(const model::Network& network, const torch::Tensor& x, double epsilon)
      : layers_(network.layers()) {
    const torch::Tensor low = (x - epsilon).clamp_min(network.signature().low);
    const torch::Tensor high = (x + epsilon).clamp_max(network.signature().high);
    middle_ = 0.5 * (low + high);
    radius_ = 0.5 * (high - low);
    torch::Tensor value = x;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      shapes_.push_back(value.sizes().vec());
      low_.emplace_back();
      high_.emplace_back();
      if (layers_[i].kind == LayerKind::relu) {
        std::vector<std::int64_t> rows = value.sizes().vec();
        rows[0] = value.numel();
        const torch::Tensor every = at::eye(value.numel()).view(rows);
        low_[i] = lower(every, i).view(value.sizes());
        high_[i] = -lower(-every, i).view(value.sizes());
      }
      value = model::apply(layers_[i], value);
    }
  }

  double margin(std::int64_t label, std::int64_t classes) const {
    torch::Tensor rows = -at::eye(classes);
    rows.select(1, label).add_(1.0);
    torch::Tensor bounds = lower(rows, layers_.size());
    bounds[label] = INFINITY;
    return bounds.min().item<double>();
  }

 private:
  // Of rows [r, output of layer `end` - 1].
  torch::Tensor lower(torch::Tensor rows, std::size_t end) const {
    torch::Tensor constant = at::zeros({rows.size(0)});
    for (std::size_t i = end; i-- > 0;) {
      const Layer& layer = layers_[i];
      std::vector<std::int64_t> shape = shapes_[i];
      shape[0] = rows.size(0);
      switch (layer.kind) {
        case LayerKind::linear:
          constant += at::matmul(rows, layer.tensor("bias"));
          rows = at::matmul(rows, layer.tensor("weight"));
          break;
        case LayerKind::conv: {
          constant += at::matmul(rows.sum({2, 3}), layer.tensor("bias"));
          const std::int64_t kernel = layer.tensor("weight").size(2);
          const std::int64_t reached =
              (rows.size(2) - 1) * layer.stride - 2 * layer.padding + kernel;
          rows = at::conv_transpose2d(rows, layer.tensor("weight"), {}, layer.stride, layer.padding,
                                      shape[2] - reached, layer.groups);
          break;
        }
        case LayerKind::relu: {
          const torch::Tensor low = low_[i].clamp_max(0.0);
          const torch::Tensor high = high_[i].clamp_min(0.0);
          const torch::Tensor slope = high / (high - low).clamp_min(1e-12);
          const torch::Tensor flat = (high > -low).to(torch::kFloat32);
          const torch::Tensor down = rows.clamp_max(0.0);
          constant -= (down * (slope * low)).flatten(1).sum(1);
          rows = rows.clamp_min(0.0) * flat + down * slope;
          break;
        }
        default:
          rows = rows.view(shape);
      }
    }
    const torch::Tensor all = rows.flatten(1);
    return constant + at::matmul(all, middle_.flatten()) - at::matmul(all.abs(), radius_.flatten());
  }

  const std::vector<Layer>& layers_;
  torch::Tensor middle_;
  torch::Tensor radius_;
  std::vector<std::vector<std::int64_t>> shapes_{};
  std::vector<torch::Tensor> low_{};  // Per ReLU layer: bounds of what goes in.
  std::vector<torch::Tensor> high_{};
};

double share_above_zero(const std::vector<double>& margins) {
  return static_cast<double>(std::ranges::count_if(margins, [](double m) { return m > 0.0; })) /
         static_cast<double>(margins.size());
}

}  // namespace

std::vector<Row> certify_bench(const model::Network& network, const torch::Tensor& inputs,
                               std::span<const std::int64_t> labels, double epsilon) {
  const torch::NoGradGuard no_grad;
  const ThreadLimit one(1);
  model::set_torch_threads(1);
  const provoke::certify::Certifier certifier(network);
  const auto count = static_cast<double>(labels.size());
  std::vector<Row> rows;
  const auto timed = [&](provoke::certify::BoundMethod method, std::vector<double>& margins) {
    const Clock::time_point start = Clock::now();
    margins = certifier.lower_bounds(inputs, labels, epsilon, provoke::certify::Norm::linf, method);
    return 1e3 * seconds_since(start) / count;
  };
  std::vector<double> margins;
  const double interval = timed(provoke::certify::BoundMethod::interval, margins);
  rows.push_back({"certify.interval", interval, "ms/point", std::nullopt, ""});
  const double crown = timed(provoke::certify::BoundMethod::crown, margins);
  Row cost{"certify.crown", crown, "ms/point", std::nullopt, ""};
  Row share{"certify.crown_certified", share_above_zero(margins), "share", std::nullopt, ""};
  if (plain(network)) {
    const std::size_t some = std::min<std::size_t>(labels.size(), 20);
    std::vector<double> dense;
    const Clock::time_point start = Clock::now();
    for (std::size_t i = 0; i < some; ++i) {
      const DenseCrown bounds(network, inputs.narrow(0, static_cast<std::int64_t>(i), 1), epsilon);
      dense.push_back(bounds.margin(labels[i], network.signature().classes));
    }
    cost.baseline = 1e3 * seconds_since(start) / static_cast<double>(some);
    cost.baseline_name = fmt::format("dense back-substitution in libtorch, {} points", some);
    margins.resize(some);
    share.name = "certify.crown_certified_first";
    share.value = share_above_zero(margins);
    share.baseline = share_above_zero(dense);
    share.baseline_name = cost.baseline_name;
  }
  rows.push_back(cost);
  rows.push_back(share);

  const auto undecided = [&](const provoke::certify::CertifyOptions& options, double& seconds) {
    const Clock::time_point start = Clock::now();
    const auto points =
        certifier.certify(inputs, labels, epsilon, provoke::certify::Norm::linf, options);
    seconds = seconds_since(start);
    return static_cast<double>(
        std::ranges::count_if(points, [](const provoke::certify::CertifiedPoint& point) {
          return point.verdict == provoke::certify::PointVerdict::undecided;
        }));
  };
  provoke::certify::CertifyOptions options;
  double seconds = 0.0;
  options.method = provoke::certify::BoundMethod::crown;
  options.node_limit = 0;
  const double before = undecided(options, seconds);
  options = {};
  options.node_limit = 200;
  options.seconds = 30.0;
  const double after = undecided(options, seconds);
  rows.push_back({"certify.undecided", after, "points", before, "CROWN and attacks alone"});
  rows.push_back({"certify.branch_and_bound", 1e3 * seconds / count, "ms/point", std::nullopt, ""});
  return rows;
}

}  // namespace emdyn::bench
