#include "emdyn/model/lab/sinusoid/sinusoid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/moments.hpp"
#include "emdyn/model/lab/contract/dense.hpp"
#include "emdyn/model/lab/contract/kernels.hpp"
#include "emdyn/model/lab/contract/probe_set.hpp"
#include "emdyn/probe/activity/activation_stats.hpp"
#include "emdyn/probe/spectra/spectrum.hpp"

namespace emdyn::model::lab {
namespace {

enum Stream : std::uint64_t { data_stream = 1, weights_stream = 2, batch_stream = 3 };
constexpr std::size_t kTestPoints = 256;

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Points {
  std::vector<float> x;
  std::vector<float> y;
};

Points training_points(const SinusoidConfig& c) {
  Philox random(static_cast<std::uint64_t>(c.seed), data_stream);
  Points points;
  for (std::int64_t i = 0; i < c.points; ++i) {
    const double x = c.low + (c.high - c.low) * random.uniform();
    points.x.push_back(static_cast<float>(x));
    points.y.push_back(static_cast<float>(std::sin(x) + c.noise * random.normal()));
  }
  return points;
}

/// An even grid on [low, high], shifted by the phase.
Points shifted_points(const SinusoidConfig& c) {
  Points points;
  for (std::size_t i = 0; i < kTestPoints; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(kTestPoints - 1);
    const double x = c.low + (c.high - c.low) * share + c.phase;
    points.x.push_back(static_cast<float>(x));
    points.y.push_back(static_cast<float>(std::sin(x)));
  }
  return points;
}

math::Moments moments_of(std::span<const float> values) {
  math::Moments moments;
  for (const float value : values) moments.add(static_cast<double>(value));
  return moments;
}

std::vector<std::int64_t> counts_of(std::span<const float> values, double low, double width,
                                    std::int64_t bins) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(bins), 0);
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const double place = std::floor((static_cast<double>(value) - low) / width);
    const double last = static_cast<double>(bins - 1);
    ++counts[static_cast<std::size_t>(std::clamp(place, 0.0, last))];
  }
  return counts;
}

class Sinusoid final : public Experiment {
 public:
  explicit Sinusoid(const SinusoidConfig& config)
      : config_(config),
        train_(training_points(config)),
        test_(shifted_points(config)),
        network_({1, 128, 128, 64, 1}, config.init_scale,
                 Philox(static_cast<std::uint64_t>(config.seed), weights_stream)),
        optimizer_({config.optimizer, config.learning_rate, config.weight_decay, config.momentum,
                    config.beta1, config.beta2, config.epsilon},
                   network_.parameters().size()),
        batches_(static_cast<std::uint64_t>(config.seed), batch_stream) {
    const auto points = static_cast<std::size_t>(config.points);
    batch_ = config.batch == 0 ? points : std::min(static_cast<std::size_t>(config.batch), points);
    order_.resize(points);
    for (std::size_t i = 0; i < points; ++i) order_[i] = static_cast<std::uint32_t>(i);
    next_ = points;
    add_probes();
  }

  std::string_view name() const noexcept override { return "sinusoid"; }
  Json configuration() const override { return config_json(kSinusoidFields, config_); }
  std::uint64_t seed() const noexcept override { return static_cast<std::uint64_t>(config_.seed); }
  std::int64_t steps() const noexcept override { return config_.steps; }
  std::span<const SignalInfo> signals() const noexcept override { return probes_.signals(); }

  ExperimentResult run(SampleSink& sink, const Task& task) override {
    const auto start = Clock::now();
    const FlushDenormals guard;
    ExperimentResult outcome;
    for (; outcome.steps < config_.steps && !task.stopped(); ++outcome.steps) {
      step(outcome.steps, sink, outcome);
    }
    outcome.interrupted = outcome.steps < config_.steps;
    if (probes_.any()) {
      probes_.begin_row(outcome.steps, sink);
      probes_.put(train_probe_, 0, probes_.timed(train_probe_, 1, [&] {
        return mean_squared_error(network_.forward(train_.x), train_.y);
      }));
      deliver(outcome.steps, sink, outcome);
    }
    outcome.data = data();
    outcome.seconds = seconds_since(start);
    outcome.probes = probes_.costs();
    for (const ProbeCost& probe : outcome.probes) outcome.seconds_in_probes += probe.seconds;
    return outcome;
  }

 private:
  static double mean_squared_error(std::span<const float> found, std::span<const float> wanted) {
    double sum = 0.0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const double error = static_cast<double>(found[i]) - static_cast<double>(wanted[i]);
      sum += error * error;
    }
    return sum / static_cast<double>(found.size());
  }

  void step(std::int64_t step, SampleSink& sink, ExperimentResult& outcome) {
    const bool row = probes_.due(step);
    if (row) probes_.begin_row(step, sink);
    next_batch();
    const double loss = network_.forward_backward(batch_points_.x, batch_points_.y);
    if (row) {
      probes_.timed(update_probe_, 1, [&] {
        probes_.put(update_probe_, 0, euclidean_norm(network_.gradients()));
        before_.assign(network_.parameters().begin(), network_.parameters().end());
      });
    }
    optimizer_.step(network_.gradients(), network_.parameters());
    if (!row) return;
    probes_.timed(update_probe_, 0, [&] {
      for (std::size_t i = 0; i < before_.size(); ++i) before_[i] -= network_.parameters()[i];
      probes_.put(update_probe_, 1, euclidean_norm(before_));
    });
    probes_.put(train_probe_, 0, loss);
    deliver(step, sink, outcome);
  }

  void next_batch() {
    if (batch_ == order_.size()) {
      if (batch_points_.x.empty()) batch_points_ = train_;
      return;
    }
    if (next_ + batch_ > order_.size()) {
      shuffle(order_, batches_);
      next_ = 0;
    }
    batch_points_.x.resize(batch_);
    batch_points_.y.resize(batch_);
    for (std::size_t i = 0; i < batch_; ++i) {
      batch_points_.x[i] = train_.x[order_[next_ + i]];
      batch_points_.y[i] = train_.y[order_[next_ + i]];
    }
    next_ += batch_;
  }

  void deliver(std::int64_t step, SampleSink& sink, ExperimentResult& outcome) {
    const auto start = Clock::now();
    sink.row(step, probes_.take_row());
    outcome.seconds_in_sink += seconds_since(start);
  }

  std::string layer_name(std::size_t layer) const {
    return layer + 1 == network_.layers() ? "output" : fmt::format("hidden{}", layer + 1);
  }

  void add_probes();
  void add_weight_probes();
  std::vector<double> measure_task();
  double outside_fraction(std::span<const float> found, double mean, double stddev) const;
  bool is_inside(float x) const noexcept {
    return static_cast<double>(x) >= config_.low && static_cast<double>(x) <= config_.high;
  }
  Json data();

  SinusoidConfig config_;
  Points train_;
  Points test_;
  Dense network_;
  Optimizer optimizer_;
  Philox batches_;
  std::size_t batch_ = 0;
  std::vector<std::uint32_t> order_;
  std::size_t next_ = 0;
  Points batch_points_;
  std::vector<float> before_;
  ProbeSet probes_;
  std::size_t train_probe_ = 0;
  std::size_t update_probe_ = 0;
};

void Sinusoid::add_probes() {
  using Group = ProbeSet::Group;
  double weights = 0.0;
  for (std::size_t i = 0; i < network_.layers(); ++i) {
    weights += static_cast<double>(network_.weights(i).size());
  }
  train_probe_ = probes_.add("train_metrics", 0.0, Group::cheap,
                             {{"train_loss", "mean squared error on the step's batch"}});
  const auto forwards = static_cast<double>(kTestPoints + train_.x.size());
  std::vector<SignalInfo> task = {
      {"test_loss", "mean squared error on the shifted inputs"},
      {"prediction_mean", "on the training inputs"},
      {"prediction_stddev", "on the training inputs"},
      {"outside_fraction", "shifted predictions beyond k standard deviations"}};
  const auto inside = std::ranges::count_if(test_.x, [this](float x) { return is_inside(x); });
  if (inside > 0) task.push_back({"test_loss_inside", "of those within the interval trained on"});
  if (inside < std::ssize(test_.x)) task.push_back({"test_loss_outside", "of those beyond it"});
  probes_.add("test_metrics", forwards * weights, Group::cheap, std::move(task),
              [this] { return measure_task(); });
  probes_.add(
      "activations",
      static_cast<double>(kTestPoints) * (weights + 4.0 * ProbeSet::kScalarCost * 64.0),
      Group::cheap,
      {{"activation_mean", "of the last hidden layer"},
       {"activation_variance", "of the last hidden layer"},
       {"activation_kurtosis", "of the last hidden layer; 3 for a normal"},
       {"dead_fraction", "its units that never activate"}},
      [this] {
        network_.forward(test_.x);
        const auto stats = probe::activation_stats(network_.activations(network_.layers() - 2));
        return std::vector<double>{stats.mean, stats.variance, stats.kurtosis, stats.dead_fraction};
      });
  add_weight_probes();
  probes_.schedule(config_.probe_budget_percent, config_.probe_every,
                   3.0 * static_cast<double>(batch_) * weights);
}

void Sinusoid::add_weight_probes() {
  double weights = 0.0;
  double rank_operations = 0.0;
  std::vector<SignalInfo> norms = {{"weight_norm", "Frobenius norm of all weights"}};
  std::vector<SignalInfo> ranks;
  for (std::size_t i = 0; i < network_.layers(); ++i) {
    const auto view = network_.weights(i);
    const auto size = static_cast<double>(view.size());
    weights += size;
    norms.push_back({"weight_norm/" + layer_name(i), "Frobenius norm of the layer"});
    const auto least = static_cast<double>(std::min(view.rows, view.columns));
    if (view.rows == 1 || view.columns == 1) continue;
    rank_operations += ProbeSet::kDoubleCost * least * (size + 9.0 * least * least);
    ranks.push_back({"effective_rank/" + layer_name(i), "exp of the entropy of singular values"});
  }
  update_probe_ =
      probes_.add("update_norms", 2.0 * ProbeSet::kScalarCost * weights, ProbeSet::Group::cheap,
                  {{"gradient_norm", "of the batch's loss, all parameters"},
                   {"update_norm", "of the step's change of all parameters"}});
  probes_.add("weight_norms", ProbeSet::kScalarCost * weights, ProbeSet::Group::cheap,
              std::move(norms), [this] {
                std::vector<double> values = {0.0};
                double sum = 0.0;
                for (std::size_t i = 0; i < network_.layers(); ++i) {
                  values.push_back(probe::frobenius_norm(network_.weights(i)));
                  sum += values.back() * values.back();
                }
                values[0] = std::sqrt(sum);
                return values;
              });
  probes_.add("effective_rank", rank_operations, ProbeSet::Group::structure, std::move(ranks),
              [this] {
                std::vector<double> values;
                for (std::size_t i = 0; i < network_.layers(); ++i) {
                  const auto view = network_.weights(i);
                  if (view.rows == 1 || view.columns == 1) continue;
                  values.push_back(probe::effective_rank(view));
                }
                return values;
              });
}

double Sinusoid::outside_fraction(std::span<const float> found, double mean, double stddev) const {
  const auto outside = std::count_if(found.begin(), found.end(), [&](float value) {
    return !(std::abs(static_cast<double>(value) - mean) <= config_.k_sigma * stddev);
  });
  return static_cast<double>(outside) / static_cast<double>(found.size());
}

std::vector<double> Sinusoid::measure_task() {
  const math::Moments expected = moments_of(network_.forward(train_.x));
  const auto found = network_.forward(test_.x);
  math::Moments inside;
  math::Moments outside;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double error = static_cast<double>(found[i]) - static_cast<double>(test_.y[i]);
    (is_inside(test_.x[i]) ? inside : outside).add(error * error);
  }
  std::vector<double> values = {mean_squared_error(found, test_.y), expected.mean(),
                                expected.stddev(),
                                outside_fraction(found, expected.mean(), expected.stddev())};
  if (inside.count() > 0) values.push_back(inside.mean());
  if (outside.count() > 0) values.push_back(outside.mean());
  return values;
}

Json Sinusoid::data() {
  const auto on_train = network_.forward(train_.x);
  const std::vector<float> train_found(on_train.begin(), on_train.end());
  const auto test_found = network_.forward(test_.x);
  const math::Moments expected = moments_of(train_found);
  const double reach = config_.k_sigma * expected.stddev();
  double low = expected.mean() - reach;
  double high = expected.mean() + reach;
  for (const auto& values : {std::span<const float>(train_found), test_found}) {
    for (const float value : values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, static_cast<double>(value));
      high = std::max(high, static_cast<double>(value));
    }
  }
  if (!(high > low)) high = low + 1.0;
  const double width = (high - low) / static_cast<double>(config_.bins);
  std::vector<double> edges;
  for (std::int64_t i = 0; i <= config_.bins; ++i) {
    edges.push_back(low + width * static_cast<double>(i));
  }
  return {{"histogram",
           {{"k", config_.k_sigma},
            {"mean", expected.mean()},
            {"stddev", expected.stddev()},
            {"low_mark", expected.mean() - reach},
            {"high_mark", expected.mean() + reach},
            {"p_emergent", math::two_sided_normal(config_.k_sigma)},
            {"outside_fraction", outside_fraction(test_found, expected.mean(), expected.stddev())},
            {"edges", edges},
            {"train_counts", counts_of(train_found, low, width, config_.bins)},
            {"test_counts", counts_of(test_found, low, width, config_.bins)}}},
          {"curve",
           {{"x", test_.x},
            {"target", test_.y},
            {"prediction", std::vector<float>(test_found.begin(), test_found.end())}}}};
}

}  // namespace

SinusoidConfig sinusoid_config(const Params& params) {
  SinusoidConfig config;
  apply_params("sinusoid", kSinusoidFields, params, config);
  return config;
}

std::unique_ptr<Experiment> make_sinusoid(const SinusoidConfig& config) {
  checked("sinusoid", kSinusoidFields, config);
  if (!(config.low < config.high)) {
    throw ConfigError(
        fmt::format("sinusoid.low must be below high, got {} and {}", config.low, config.high));
  }
  return std::make_unique<Sinusoid>(config);
}

}  // namespace emdyn::model::lab
