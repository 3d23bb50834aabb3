#include "lab_bench.hpp"

#include <fmt/format.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <chrono>

#include "emdyn/core/parallel.hpp"
#include "emdyn/model/lab/contract/kernels.hpp"
#include "emdyn/model/lab/contract/optimizer.hpp"
#include "emdyn/model/lab/grokking/grokking.hpp"
#include "emdyn/model/network/blas_threads.hpp"

namespace emdyn::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// Calls `step` for about `seconds`. @return calls per second.
template <class Step>
double rate(double seconds, Step&& step) {
  const auto start = Clock::now();
  std::int64_t calls = 0;
  double passed = 0.0;
  do {
    for (int i = 0; i < 10; ++i) step();
    calls += 10;
    passed = std::chrono::duration<double>(Clock::now() - start).count();
  } while (passed < seconds);
  return static_cast<double>(calls) / passed;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

model::lab::GrokkingConfig config_of(const LabBenchOptions& options) {
  model::lab::GrokkingConfig config;
  config.p = options.p;
  config.width = options.width;
  return config;
}

/// The same training as libtorch's documentation would write it.
class PlainLoop {
 public:
  PlainLoop(const model::lab::GrokkingConfig& config, const std::vector<model::lab::Pair>& pairs)
      : first_(torch::nn::LinearOptions(2 * config.p, config.width).bias(false)),
        second_(torch::nn::LinearOptions(config.width, config.p).bias(false)),
        optimizer_({first_->weight, second_->weight},
                   torch::optim::AdamWOptions(config.learning_rate)
                       .betas({config.beta1, config.beta2})
                       .eps(config.epsilon)
                       .weight_decay(config.weight_decay)) {
    const auto rows = static_cast<std::int64_t>(pairs.size());
    inputs_ = torch::zeros({rows, 2 * config.p});
    targets_ = torch::zeros({rows}, torch::kLong);
    auto input = inputs_.accessor<float, 2>();
    auto target = targets_.accessor<std::int64_t, 1>();
    for (std::int64_t i = 0; i < rows; ++i) {
      const model::lab::Pair& pair = pairs[static_cast<std::size_t>(i)];
      input[i][pair.x] = 1.0F;
      input[i][config.p + pair.y] = 1.0F;
      target[i] = pair.target;
    }
  }

  void step() {
    optimizer_.zero_grad();
    const torch::Tensor logits = second_->forward(first_->forward(inputs_).square());
    torch::cross_entropy_loss(logits, targets_).backward();
    optimizer_.step();
  }

 private:
  torch::nn::Linear first_;
  torch::nn::Linear second_;
  torch::optim::AdamW optimizer_;
  torch::Tensor inputs_;
  torch::Tensor targets_;
};

Row speed_row(const LabBenchOptions& options, std::size_t threads) {
  const model::lab::GrokkingConfig config = config_of(options);
  const model::lab::PairSplit split = model::lab::make_split(config);
  const auto network = model::lab::make_network(config);
  model::lab::Optimizer optimizer({.kind = model::lab::OptimizerKind::adamw,
                                   .learning_rate = config.learning_rate,
                                   .weight_decay = config.weight_decay},
                                  network->parameters().size());
  const ThreadLimit limit(threads);
  model::set_torch_threads(static_cast<int>(threads));
  const model::lab::FlushDenormals guard;  // for both
  PlainLoop plain(config, split.train);
  std::vector<double> ours;
  std::vector<double> theirs;
  for (std::int64_t round = 0; round < options.rounds; ++round) {
    ours.push_back(rate(options.seconds_per_round, [&] {
      network->forward_backward(split.train);
      optimizer.step(network->gradients(), network->parameters());
    }));
    theirs.push_back(rate(options.seconds_per_round, [&] { plain.step(); }));
  }
  model::set_torch_threads(1);
  return {fmt::format("grokking_mlp_p{}_width{}_threads{}", options.p, options.width, threads),
          median(ours), "steps/s", median(theirs),
          fmt::format("libtorch loop, {} threads", threads)};
}

/// Throws everything away.
class NullSink final : public model::lab::SampleSink {
 public:
  void row(std::int64_t, std::span<const model::lab::Sample>) override {}
  void event(const series::Event&) override {}
};

model::lab::ExperimentResult outcome_of(model::lab::GrokkingConfig config, bool probes) {
  if (!probes) config.probe_budget_percent = 0.0;
  NullSink sink;
  return model::lab::make_grokking(config)->run(sink, {});
}

void probe_rows(const LabBenchOptions& options, std::vector<Row>& rows) {
  model::lab::GrokkingConfig config = config_of(options);
  config.steps = 2000;
  std::vector<double> with;
  std::vector<double> without;
  std::vector<double> overhead;
  model::lab::ExperimentResult outcome;
  for (int round = 0; round < 3; ++round) {
    without.push_back(outcome_of(config, false).steps_per_second());
    outcome = outcome_of(config, true);
    with.push_back(outcome.steps_per_second());
    overhead.push_back(outcome.probe_overhead_percent());
  }
  for (const model::lab::ProbeCost& probe : outcome.probes) {
    if (probe.calls == 0) continue;
    rows.push_back({"probe_" + probe.name, 1e6 * probe.seconds / static_cast<double>(probe.calls),
                    "us/call", 1e6 / median(without), "one training step, us"});
  }
  rows.push_back(
      {"probe_overhead", median(overhead), "% of time", config.probe_budget_percent, "budget, %"});
  rows.push_back({"grokking_mlp_with_probes", median(with), "steps/s", median(without),
                  "the same without probes"});
}

}  // namespace

std::vector<Row> lab_bench(const LabBenchOptions& options) {
  std::vector<Row> rows;
  for (const std::size_t threads : options.threads) rows.push_back(speed_row(options, threads));
  probe_rows(options, rows);
  return rows;
}

}  // namespace emdyn::bench
