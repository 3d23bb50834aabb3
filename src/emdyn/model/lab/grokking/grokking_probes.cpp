#include "emdyn/model/lab/grokking/grokking_probes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "emdyn/probe/activity/activation_stats.hpp"
#include "emdyn/probe/geometry/fourier.hpp"
#include "emdyn/probe/spectra/spectrum.hpp"

namespace emdyn::model::lab {
namespace {

constexpr std::size_t kSample = 256;  ///< Pairs whose hidden activations are measured.
constexpr std::size_t kTopFrequencies = 5;

/// At most `count` of the pairs, evenly spaced.
std::vector<Pair> thinned(const std::vector<Pair>& pairs, std::size_t count) {
  if (pairs.size() <= count) return pairs;
  std::vector<Pair> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(pairs[i * pairs.size() / count]);
  return chosen;
}

}  // namespace

GrokkingProbes::GrokkingProbes(const GrokkingConfig& config, const PairSplit& split,
                               PairNetwork& network, std::size_t batch,
                               std::vector<CustomProbe> custom)
    : network_(network) {
  add_metrics(split);
  add_norms();
  add_activations(split);
  add_structure(config);
  for (CustomProbe& own : custom) {
    const std::size_t probe =
        set_.add(std::move(own.name), 0.0, ProbeSet::Group::own, std::move(own.signals),
                 [measure = std::move(own.measure), &n = network_] { return measure(n); });
    set_.set_every_rows(probe, own.every_rows);
  }
  set_.schedule(config.probe_budget_percent, config.probe_every,
                3.0 * static_cast<double>(batch) * network.forward_operations());
}

void GrokkingProbes::add_metrics(const PairSplit& split) {
  train_probe_ = set_.add("train_metrics", 0.0, ProbeSet::Group::cheap,
                          {{"train_loss", "mean loss on the step's pairs"},
                           {"train_accuracy", "share of them answered right"},
                           {"learning_rate", "of the step"}});
  set_.add("test_metrics", static_cast<double>(split.test.size()) * network_.forward_operations(),
           ProbeSet::Group::cheap,
           {{"test_loss", "mean loss on the held-out pairs"},
            {"test_accuracy", "share of them answered right"}},
           [test = split.test, &n = network_] {
             const Metrics metrics = n.evaluate(test);
             return std::vector<double>{metrics.loss, metrics.accuracy};
           });
}

void GrokkingProbes::add_norms() {
  double weights = 0.0;
  std::vector<SignalInfo> norms = {{"weight_norm", "Frobenius norm of all weights"}};
  for (const WeightMatrix& layer : network_.layers()) {
    weights += static_cast<double>(layer.weights.size());
    norms.push_back({"weight_norm/" + layer.name, "Frobenius norm of the layer"});
  }
  update_probe_ =
      set_.add("update_norms", 2.0 * ProbeSet::kScalarCost * weights, ProbeSet::Group::cheap,
               {{"gradient_norm", "of the mean loss, all parameters"},
                {"update_norm", "of the step's change of all parameters"}});
  set_.add("weight_norms", ProbeSet::kScalarCost * weights, ProbeSet::Group::cheap,
           std::move(norms), [&n = network_] {
             std::vector<double> values = {0.0};
             double sum = 0.0;
             for (const WeightMatrix& layer : n.layers()) {
               values.push_back(probe::frobenius_norm(layer.weights));
               sum += values.back() * values.back();
             }
             values[0] = std::sqrt(sum);
             return values;
           });
}

void GrokkingProbes::add_activations(const PairSplit& split) {
  std::vector<Pair> sample = thinned(split.test, kSample);
  const auto units = static_cast<double>(network_.embedding().columns);
  const double operations = network_.forward_operations() + 4.0 * ProbeSet::kScalarCost * units;
  set_.add(
      "activations", static_cast<double>(sample.size()) * operations, ProbeSet::Group::cheap,
      {{"activation_mean", "of hidden units on held-out pairs"},
       {"activation_variance", "of hidden units on held-out pairs"},
       {"activation_kurtosis", "of hidden units on held-out pairs; 3 for a normal"},
       {"dead_fraction", "units that never activate on the sample"}},
      [sample = std::move(sample), &n = network_] {
        const auto stats = probe::activation_stats(n.hidden(sample));
        return std::vector<double>{stats.mean, stats.variance, stats.kurtosis, stats.dead_fraction};
      });
}

void GrokkingProbes::add_structure(const GrokkingConfig& config) {
  double operations = 0.0;
  std::vector<SignalInfo> ranks;
  for (const WeightMatrix& layer : network_.layers()) {
    const auto least = static_cast<double>(std::min(layer.weights.rows, layer.weights.columns));
    const auto size = static_cast<double>(layer.weights.size());
    operations += ProbeSet::kDoubleCost * least * (size + 9.0 * least * least);
    ranks.push_back({"effective_rank/" + layer.name, "exp of the entropy of singular values"});
  }
  set_.add("effective_rank", operations, ProbeSet::Group::structure, std::move(ranks),
           [&n = network_] {
             std::vector<double> values;
             for (const WeightMatrix& layer : n.layers()) {
               values.push_back(probe::effective_rank(layer.weights));
             }
             return values;
           });
  auto order = token_order(config.operation, static_cast<std::uint32_t>(config.p));
  if (order.size() < 3) return;
  const auto tokens = static_cast<double>(order.size());
  const auto units = static_cast<double>(network_.embedding().columns);
  set_.add("fourier", ProbeSet::kDoubleCost * tokens * tokens * units, ProbeSet::Group::structure,
           {{"fourier_gini", "how unequal the embedding's power per frequency is"},
            {"fourier_top_share", "share of power in the 5 strongest frequencies"}},
           [fourier = probe::FourierProbe(order.size(), kTopFrequencies), order = std::move(order),
            &n = network_] {
             const auto found = fourier.measure(n.embedding(), order);
             return std::vector<double>{found.gini, found.top_share};
           });
}

void GrokkingProbes::before_update() {
  set_.timed(update_probe_, 1, [&] {
    set_.put(update_probe_, 0, euclidean_norm(network_.gradients()));
    before_.assign(network_.parameters().begin(), network_.parameters().end());
  });
}

void GrokkingProbes::after_update() {
  set_.timed(update_probe_, 0, [&] {
    const std::span<const float> now = network_.parameters();
    for (std::size_t i = 0; i < before_.size(); ++i) before_[i] = now[i] - before_[i];
    set_.put(update_probe_, 1, euclidean_norm(before_));
  });
}

void GrokkingProbes::train_metrics(const Metrics& metrics, double learning_rate) {
  set_.put(train_probe_, 0, metrics.loss);
  set_.put(train_probe_, 1, metrics.accuracy);
  set_.put(train_probe_, 2, learning_rate);
}

void GrokkingProbes::evaluate_train(std::span<const Pair> train, double learning_rate) {
  train_metrics(set_.timed(train_probe_, 1, [&] { return network_.evaluate(train); }),
                learning_rate);
}

}  // namespace emdyn::model::lab
