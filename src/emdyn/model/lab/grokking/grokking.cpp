#include "emdyn/model/lab/grokking/grokking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "emdyn/core/error.hpp"
#include "emdyn/model/lab/contract/kernels.hpp"
#include "emdyn/model/lab/contract/optimizer.hpp"
#include "emdyn/model/lab/grokking/grokking_probes.hpp"
#include "emdyn/model/lab/grokking/mlp.hpp"
#include "emdyn/model/lab/grokking/transformer_network.hpp"

namespace emdyn::model::lab {
namespace {

/// Streams of the seed's random numbers, one for each use.
enum Stream : std::uint64_t { split_stream = 1, weights_stream = 2, batch_stream = 3 };

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

OptimizerSettings optimizer_settings(const GrokkingConfig& c) {
  return {c.optimizer, c.learning_rate, c.weight_decay, c.momentum, c.beta1, c.beta2, c.epsilon};
}

const GrokkingConfig& checked_whole(const GrokkingConfig& config) {
  checked("grokking", kGrokkingFields, config);
  if (!is_prime(config.p)) {
    throw ConfigError(fmt::format("grokking.p must be a prime, got {}", config.p));
  }
  return config;
}

/// Draws mini-batches without replacement, shuffled anew each epoch; or the whole set.
class Batches {
 public:
  Batches(std::vector<Pair> train, std::int64_t batch, Philox random)
      : train_(std::move(train)),
        batch_(std::min(static_cast<std::size_t>(batch), train_.size())),
        next_(train_.size()),
        random_(random) {}

  std::span<const Pair> next() {
    if (batch_ == 0 || batch_ == train_.size()) return train_;
    if (next_ + batch_ > train_.size()) {
      shuffle(train_, random_);
      next_ = 0;
    }
    next_ += batch_;
    return std::span<const Pair>(train_).subspan(next_ - batch_, batch_);
  }
  std::size_t size() const noexcept { return batch_ == 0 ? train_.size() : batch_; }

 private:
  std::vector<Pair> train_;
  std::size_t batch_;
  std::size_t next_;
  Philox random_;
};

class Grokking final : public Experiment {
 public:
  Grokking(const GrokkingConfig& config, std::vector<CustomProbe> custom)
      : config_(checked_whole(config)),
        split_(make_split(config_)),
        network_(make_network(config_)),
        optimizer_(optimizer_settings(config_), network_->parameters().size()),
        batches_(split_.train, config_.batch,
                 Philox(static_cast<std::uint64_t>(config_.seed), batch_stream)),
        probes_(config_, split_, *network_, batches_.size(), std::move(custom)) {}

  std::string_view name() const noexcept override { return "grokking"; }
  Json configuration() const override { return config_json(kGrokkingFields, config_); }
  std::uint64_t seed() const noexcept override { return static_cast<std::uint64_t>(config_.seed); }
  std::int64_t steps() const noexcept override { return config_.steps; }
  std::span<const SignalInfo> signals() const noexcept override { return probes_.set().signals(); }

  ExperimentResult run(SampleSink& sink, const Task& task) override {
    const auto start = Clock::now();
    const FlushDenormals guard;
    ExperimentResult outcome;
    for (; outcome.steps < config_.steps && !task.stopped(); ++outcome.steps) {
      step(outcome.steps, sink, outcome);
    }
    outcome.interrupted = outcome.steps < config_.steps;
    if (probes_.set().any()) {
      probes_.set().begin_row(outcome.steps, sink);
      probes_.evaluate_train(split_.train, rate(outcome.steps));
      deliver(outcome.steps, sink, outcome);
    }
    outcome.seconds = seconds_since(start);
    outcome.probes = probes_.set().costs();
    for (const ProbeCost& probe : outcome.probes) outcome.seconds_in_probes += probe.seconds;
    return outcome;
  }

 private:
  double rate(std::int64_t step) const noexcept {
    if (step >= config_.warmup_steps) return config_.learning_rate;
    return config_.learning_rate * static_cast<double>(step + 1) /
           static_cast<double>(config_.warmup_steps);
  }

  void step(std::int64_t step, SampleSink& sink, ExperimentResult& outcome) {
    const bool row = probes_.set().due(step);
    if (row) probes_.set().begin_row(step, sink);
    const Metrics metrics = network_->forward_backward(batches_.next());
    optimizer_.set_learning_rate(rate(step));
    if (row) probes_.before_update();
    optimizer_.step(network_->gradients(), network_->parameters());
    if (!row) return;
    probes_.after_update();
    probes_.train_metrics(metrics, rate(step));
    deliver(step, sink, outcome);
  }

  void deliver(std::int64_t step, SampleSink& sink, ExperimentResult& outcome) {
    const auto start = Clock::now();
    sink.row(step, probes_.set().take_row());
    outcome.seconds_in_sink += seconds_since(start);
  }

  GrokkingConfig config_;
  PairSplit split_;
  std::unique_ptr<PairNetwork> network_;
  Optimizer optimizer_;
  Batches batches_;
  GrokkingProbes probes_;
};

}  // namespace

GrokkingConfig grokking_config(const Params& params) {
  GrokkingConfig config;
  apply_params("grokking", kGrokkingFields, params, config);
  return checked_whole(config);
}

std::unique_ptr<Experiment> make_grokking(const GrokkingConfig& config,
                                          std::vector<CustomProbe> custom) {
  return std::make_unique<Grokking>(config, std::move(custom));
}

PairSplit make_split(const GrokkingConfig& config) {
  return split_pairs(all_pairs(config.operation, static_cast<std::uint32_t>(config.p)),
                     config.train_fraction,
                     Philox(static_cast<std::uint64_t>(config.seed), split_stream));
}

std::unique_ptr<PairNetwork> make_network(const GrokkingConfig& config) {
  const Philox random(static_cast<std::uint64_t>(config.seed), weights_stream);
  if (config.network == NetworkKind::transformer) {
    return std::make_unique<TransformerNetwork>(
        model::Transformer::Shape{config.p, config.width, config.loss == TrainingLoss::mse,
                                  config.init_scale},
        random);
  }
  const Activation activation =
      config.network == NetworkKind::mlp_quadratic ? Activation::quadratic : Activation::relu;
  return std::make_unique<Mlp>(
      Mlp::Shape{static_cast<std::uint32_t>(config.p), static_cast<std::size_t>(config.width),
                 activation, config.loss},
      config.init_scale, random);
}

}  // namespace emdyn::model::lab
