#include "emdyn/lab/grokking_probes.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace emdyn::lab {
namespace {

constexpr double kScalarCost = 8.0;   ///< One double-precision scalar operation, in multiply-adds.
constexpr double kEigenCost = 6.0;    ///< One operation of a double-precision matrix product.
constexpr std::size_t kSample = 256;  ///< Pairs whose hidden activations are measured.
constexpr double kCheapShare = 0.6;
constexpr double kStructureShare = 0.3;
constexpr std::size_t kTopFrequencies = 5;

using Clock = std::chrono::steady_clock;

/// Adds the time of its life to a probe's cost.
class CallTimer {
 public:
  explicit CallTimer(ProbeCost& cost) : cost_(cost) {}
  ~CallTimer() { cost_.seconds += std::chrono::duration<double>(Clock::now() - start_).count(); }
  CallTimer(const CallTimer&) = delete;
  CallTimer& operator=(const CallTimer&) = delete;

 private:
  ProbeCost& cost_;
  Clock::time_point start_ = Clock::now();
};

/// The smallest of 1, 2, 5, 10, 20, 50, … that is at least `wanted`.
std::int64_t round_interval(double wanted) {
  std::int64_t decade = 1;
  while (decade < 1'000'000'000) {
    for (const std::int64_t digit : {1, 2, 5}) {
      if (static_cast<double>(digit * decade) >= wanted) return digit * decade;
    }
    decade *= 10;
  }
  return decade;
}

double norm(std::span<const float> values) {
  double sum[4] = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<double>(values[i]);
    sum[i % 4] += value * value;
  }
  return std::sqrt((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/// At most `count` of the pairs, evenly spaced.
std::vector<Pair> thinned(const std::vector<Pair>& pairs, std::size_t count) {
  if (pairs.size() <= count) return pairs;
  std::vector<Pair> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(pairs[i * pairs.size() / count]);
  return chosen;
}

}  // namespace

GrokkingProbes::GrokkingProbes(const GrokkingConfig& config, const Split& split,
                               const Network& network, std::size_t batch,
                               std::vector<CustomProbe> custom) {
  add_cheap_probes(network, split);
  add_structure_probes(config, network);
  for (CustomProbe& own : custom) {
    Probe& probe = add_probe(std::move(own.name), 0.0, std::move(own.signals));
    probe.every_rows = std::max<std::int64_t>(own.every_rows, 1);
    probe.measure = std::move(own.measure);
  }
  schedule(config, 3.0 * static_cast<double>(batch) * network.forward_operations());
}

std::size_t GrokkingProbes::add_signal(std::string name, std::string help) {
  signals_.push_back({std::move(name), std::move(help)});
  return signals_.size() - 1;
}

GrokkingProbes::Probe& GrokkingProbes::add_probe(std::string name, double operations,
                                                 std::vector<SignalInfo> signals) {
  Probe& probe = probes_.emplace_back();
  probe.cost.name = std::move(name);
  probe.operations = operations;
  for (SignalInfo& signal : signals) {
    probe.signals.push_back(add_signal(std::move(signal.name), std::move(signal.help)));
  }
  return probe;
}

void GrokkingProbes::add_cheap_probes(const Network& network, const Split& split) {
  train_probe_ = probes_.size();
  add_probe("train_metrics", 0.0,
            {{"train_loss", "mean loss on the step's pairs"},
             {"train_accuracy", "share of them answered right"},
             {"learning_rate", "of the step"}});
  const auto test = std::make_shared<const std::vector<Pair>>(split.test);
  const auto pairs = static_cast<double>(test->size());
  add_probe("test_metrics", pairs * network.forward_operations(),
            {{"test_loss", "mean loss on the held-out pairs"},
             {"test_accuracy", "share of them answered right"}})
      .measure = [test](Network& n) {
    const Metrics metrics = n.evaluate(*test);
    return std::vector<double>{metrics.loss, metrics.accuracy};
  };
  double weights = 0.0;
  std::vector<SignalInfo> norms = {{"weight_norm", "Frobenius norm of all weights"}};
  for (const Layer& layer : network.layers()) {
    weights += static_cast<double>(layer.weights.size());
    norms.push_back({"weight_norm/" + layer.name, "Frobenius norm of the layer"});
  }
  norms_probe_ = probes_.size();
  add_probe("update_norms", 2.0 * kScalarCost * weights,
            {{"gradient_norm", "of the mean loss, all parameters"},
             {"update_norm", "of the step's change of all parameters"}});
  add_probe("weight_norms", kScalarCost * weights, std::move(norms)).measure = [](Network& n) {
    std::vector<double> values = {0.0};
    for (const Layer& layer : n.layers()) values.push_back(frobenius_norm(layer.weights));
    double sum = 0.0;
    for (const double value : values) sum += value * value;
    values[0] = std::sqrt(sum);
    return values;
  };
  const auto sample = std::make_shared<const std::vector<Pair>>(thinned(split.test, kSample));
  const double units = static_cast<double>(network.embedding().columns);
  add_probe("activations",
            static_cast<double>(sample->size()) *
                (network.forward_operations() + 4.0 * kScalarCost * units),
            {{"activation_mean", "of hidden units on held-out pairs"},
             {"activation_variance", "of hidden units on held-out pairs"},
             {"activation_kurtosis", "of hidden units on held-out pairs; 3 for a normal"},
             {"dead_fraction", "units that never activate on the sample"}})
      .measure = [sample](Network& n) {
    const auto stats = probe::activation_stats(n.hidden(*sample));
    return std::vector<double>{stats.mean, stats.variance, stats.kurtosis, stats.dead_fraction};
  };
}

void GrokkingProbes::add_structure_probes(const GrokkingConfig& config, const Network& network) {
  double operations = 0.0;
  std::vector<SignalInfo> ranks;
  for (const Layer& layer : network.layers()) {
    const auto least = static_cast<double>(std::min(layer.weights.rows, layer.weights.columns));
    operations += kEigenCost * least * static_cast<double>(layer.weights.size()) +
                  9.0 * kEigenCost * least * least * least;
    ranks.push_back({"effective_rank/" + layer.name, "exp of the entropy of singular values"});
  }
  add_probe("effective_rank", operations, std::move(ranks)).measure = [](Network& n) {
    std::vector<double> values;
    for (const Layer& layer : n.layers()) values.push_back(probe::effective_rank(layer.weights));
    return values;
  };
  const auto order = token_order(config.operation, static_cast<std::uint32_t>(config.p));
  if (order.size() < 3) return;
  const auto fourier = std::make_shared<const probe::FourierProbe>(order.size(), kTopFrequencies);
  const auto tokens = static_cast<double>(order.size());
  add_probe("fourier",
            kEigenCost * tokens * tokens * static_cast<double>(network.embedding().columns),
            {{"fourier_gini", "how unequal the embedding's power per frequency is"},
             {"fourier_top_share", "share of power in the 5 strongest frequencies"}})
      .measure = [fourier, order](Network& n) {
    const auto found = fourier->measure(n.embedding(), order);
    return std::vector<double>{found.gini, found.top_share};
  };
}

void GrokkingProbes::schedule(const GrokkingConfig& config, double step_operations) {
  const double budget = config.probe_budget_percent / 100.0;
  if (budget == 0.0) return;
  double cheap = 0.0;
  double structure = 0.0;
  const auto is_structure = [](const Probe& probe) {
    return probe.cost.name == "effective_rank" || probe.cost.name == "fourier";
  };
  for (const Probe& probe : probes_) {
    (is_structure(probe) ? structure : cheap) += probe.operations;
  }
  every_ = config.probe_every > 0
               ? config.probe_every
               : round_interval(cheap / (kCheapShare * budget * step_operations));
  const double row_operations = step_operations * static_cast<double>(every_);
  const std::int64_t sparse =
      round_interval(structure / (kStructureShare * budget * row_operations));
  for (Probe& probe : probes_) {
    if (is_structure(probe)) probe.every_rows = sparse;
    probe.cost.every_steps = probe.every_rows * every_;
    probe.cost.modelled_share =
        probe.operations / (static_cast<double>(probe.every_rows) * row_operations);
  }
}

void GrokkingProbes::measure(Probe& probe, std::int64_t step, Network& network, Sink& sink) {
  std::string reason;
  try {
    const CallTimer timer(probe.cost);
    ++probe.cost.calls;
    const std::vector<double> values = probe.measure(network);
    for (std::size_t i = 0; i < probe.signals.size(); ++i) {
      row_.push_back({probe.signals[i], values.at(i)});
    }
    return;
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "unknown error";
  }
  probe.off = true;
  series::Event event;
  event.signal = probe.signals.empty() ? probe.cost.name : signals_[probe.signals[0]].name;
  event.position = static_cast<double>(step);
  event.detector = "probe/" + probe.cost.name;
  event.policy = "switched off: " + reason;
  event.kind = series::EventKind::gap;
  sink.event(event);
}

void GrokkingProbes::before_update(std::int64_t step, Network& network, Sink& sink) {
  row_.clear();
  const std::int64_t row = step / every_;
  for (Probe& probe : probes_) {
    if (!probe.off && probe.measure && row % probe.every_rows == 0) {
      measure(probe, step, network, sink);
    }
  }
}

void GrokkingProbes::before_step(Network& network) {
  Probe& probe = probes_[norms_probe_];
  const CallTimer timer(probe.cost);
  ++probe.cost.calls;
  row_.push_back({probe.signals[0], norm(network.gradients())});
  before_.assign(network.parameters().begin(), network.parameters().end());
}

void GrokkingProbes::after_step(Network& network) {
  Probe& probe = probes_[norms_probe_];
  const CallTimer timer(probe.cost);
  const std::span<const float> now = network.parameters();
  for (std::size_t i = 0; i < before_.size(); ++i) before_[i] = now[i] - before_[i];
  row_.push_back({probe.signals[1], norm(before_)});
}

void GrokkingProbes::train_metrics(const Metrics& metrics, double learning_rate) {
  const Probe& probe = probes_[train_probe_];
  row_.push_back({probe.signals[0], metrics.loss});
  row_.push_back({probe.signals[1], metrics.accuracy});
  row_.push_back({probe.signals[2], learning_rate});
}

Metrics GrokkingProbes::timed_train(const std::function<Metrics()>& evaluate) {
  const CallTimer timer(probes_[train_probe_].cost);
  ++probes_[train_probe_].cost.calls;
  return evaluate();
}

std::span<const Sample> GrokkingProbes::take_row() {
  std::sort(row_.begin(), row_.end(),
            [](const Sample& a, const Sample& b) { return a.signal < b.signal; });
  return row_;
}

std::vector<ProbeCost> GrokkingProbes::costs() const {
  std::vector<ProbeCost> costs;
  for (const Probe& probe : probes_) costs.push_back(probe.cost);
  return costs;
}

}  // namespace emdyn::lab
