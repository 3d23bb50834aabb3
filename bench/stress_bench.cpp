#include "stress_bench.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "certify_bench.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/data/load.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/model/network/network_file.hpp"
#include "emdyn/provoke/attack/attack.hpp"
#include "emdyn/provoke/certify/certify.hpp"
#include "oracle_bench.hpp"

namespace emdyn::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kCertifiedPoints = 50;
constexpr int kTurns = 3;  // Of timings, whose median counts.

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A network under test with its labelled examples.
struct Subject {
  std::unique_ptr<model::Network> network;
  torch::Tensor inputs;
  std::vector<std::int64_t> labels;
};

torch::Tensor random_tensor(const std::vector<std::int64_t>& shape, double scale,
                            std::uint64_t seed) {
  torch::Tensor tensor = torch::zeros(shape);
  Philox random(seed);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    values[i] = static_cast<float>(scale * random.normal());
  return tensor;
}

/// Smooth patterns, one per class, with much noise.
Subject patterns(std::int64_t count, std::uint64_t seed) {
  const torch::Tensor classes =
      torch::upsample_bilinear2d(random_tensor({10, 1, 7, 7}, 0.18, 99), {28, 28}, false);
  Subject subject;
  subject.inputs = (0.5 + random_tensor({count, 1, 28, 28}, 0.15, seed));
  for (std::int64_t i = 0; i < count; ++i) {
    subject.labels.push_back(i % 10);
    subject.inputs[i] += classes[i % 10];
  }
  subject.inputs = subject.inputs.clamp(0.0, 1.0).contiguous();
  return subject;
}

/// Two convolutions and two linear layers, fitted by plain gradient descent with momentum.
std::unique_ptr<model::Network> train(const Subject& subject) {
  std::vector<torch::Tensor> weights{random_tensor({16, 1, 4, 4}, 0.25, 1),  torch::zeros({16}),
                                     random_tensor({32, 16, 4, 4}, 0.09, 2), torch::zeros({32}),
                                     random_tensor({100, 1568}, 0.036, 3),   torch::zeros({100}),
                                     random_tensor({10, 100}, 0.14, 4),      torch::zeros({10})};
  std::vector<torch::Tensor> velocity;
  for (torch::Tensor& weight : weights) {
    weight.requires_grad_(true);
    velocity.push_back(torch::zeros_like(weight));
  }
  const torch::Tensor labels = torch::tensor(subject.labels);
  constexpr std::int64_t kBatch = 100;
  for (std::int64_t step = 0; step < 200; ++step) {
    const std::int64_t begin = step * kBatch % (subject.inputs.size(0) - kBatch + 1);
    torch::Tensor x = subject.inputs.slice(0, begin, begin + kBatch);
    x = at::relu(at::conv2d(x, weights[0], weights[1], 2, 1));
    x = at::relu(at::conv2d(x, weights[2], weights[3], 2, 1)).flatten(1);
    x = at::linear(at::relu(at::linear(x, weights[4], weights[5])), weights[6], weights[7]);
    const torch::Tensor loss = at::cross_entropy_loss(x, labels.slice(0, begin, begin + kBatch));
    const auto slopes = torch::autograd::grad({loss}, weights);
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      velocity[i].mul_(0.9).add_(slopes[i]);
      weights[i].sub_(0.02 * velocity[i]);
    }
  }
  for (torch::Tensor& weight : weights) weight = weight.detach();
  const auto conv = [&](std::size_t i) {
    return model::Layer{.kind = model::LayerKind::conv,
                        .name = std::to_string(i),
                        .tensors = {{"weight", weights[i]}, {"bias", weights[i + 1]}},
                        .kernel = 4,
                        .stride = 2,
                        .padding = 1};
  };
  const auto linear = [&](std::size_t i) {
    return model::Layer{.kind = model::LayerKind::linear,
                        .name = std::to_string(i),
                        .tensors = {{"weight", weights[i]}, {"bias", weights[i + 1]}}};
  };
  const model::Layer relu{.kind = model::LayerKind::relu};
  return std::make_unique<model::Network>(
      model::Signature{.input = {1, 28, 28}, .classes = 10},
      std::vector<model::Layer>{conv(0), relu, conv(2), relu,
                                model::Layer{.kind = model::LayerKind::flatten}, linear(4), relu,
                                linear(6)});
}

Subject subject_of(const StressBenchOptions& options) {
  if (options.model.empty() != options.data.empty())
    throw ConfigError("bench stress: --model and --data go together");
  if (options.model.empty()) {
    Subject subject = patterns(options.points, 7);
    subject.network = train(patterns(4000, 8));
    return subject;
  }
  Subject subject;
  subject.network =
      std::make_unique<model::Network>(model::load_network(options.model, options.architecture));
  model::data::Dataset set =
      model::data::load(options.data, {.limit = static_cast<std::size_t>(options.points)});
  if (set.labels.size() != set.size() || set.shape != subject.network->signature().input)
    throw DataError("bench stress: the data need labels and the shape that the model takes");
  std::vector<std::int64_t> shape = set.shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(set.size()));
  subject.inputs = torch::from_blob(set.values.data(), shape, torch::kFloat32).clone();
  subject.labels = set.labels;
  return subject;
}

provoke::attack::AttackResult attack(const Subject& subject, std::string_view name,
                                     const provoke::attack::AttackOptions& options) {
  return provoke::attack::run_attack(name, *subject.network, subject.inputs, subject.labels,
                                     options);
}

/// In forward passes: a backward pass costs about two, and needs one.
double cost(const provoke::attack::AttackResult& result) {
  return static_cast<double>(result.ledger.forward + 3 * result.ledger.gradient);
}

void active_set_rows(const Subject& subject, const StressBenchOptions& bench,
                     std::vector<Row>& rows) {
  provoke::attack::AttackOptions options;
  options.epsilons = {bench.epsilon};
  const auto with = attack(subject, "pgd", options);
  options.active_set = false;
  const auto without = attack(subject, "pgd", options);
  const std::string all = "every point to the end";
  rows.push_back({"pgd40_gradients", static_cast<double>(with.ledger.gradient), "gradients",
                  static_cast<double>(without.ledger.gradient), all});
  rows.push_back({"pgd40_broken", static_cast<double>(with.errors(bench.epsilon)), "points",
                  static_cast<double>(without.errors(bench.epsilon)), all});
  rows.push_back({"pgd40_time", with.seconds, "s", without.seconds, all});
}

/// Eight radii in one run, beside eight runs of one: both with active set.
void curve_rows(const Subject& subject, std::string_view name, const StressBenchOptions& bench,
                std::vector<Row>& rows) {
  provoke::attack::AttackOptions options;
  for (int k = 1; k <= 8; ++k) options.epsilons.push_back(bench.epsilon * k / 8.0);
  const auto together = attack(subject, name, options);
  double apart = 0.0;
  double seconds = 0.0;
  double broken = 0.0;
  double broken_apart = 0.0;
  double lost = 0.0;
  double largest = 0.0;
  for (const double epsilon : options.epsilons) {
    provoke::attack::AttackOptions alone;
    alone.epsilons = {epsilon};
    const auto single = attack(subject, name, alone);
    largest = cost(single);
    apart += largest;
    seconds += single.seconds;
    const auto all = static_cast<double>(together.errors(epsilon));
    const auto one = static_cast<double>(single.errors(epsilon));
    broken += all;
    broken_apart += one;
    lost = std::max(lost, one - all);
  }
  const auto row = [&](std::string_view what, double value, std::string_view unit, double baseline,
                       std::string_view baseline_name) {
    rows.push_back({fmt::format("{}_eight_radii_{}", name, what), value, std::string(unit),
                    baseline, std::string(baseline_name)});
  };
  provoke::attack::AttackOptions one;
  one.epsilons = {bench.epsilon};
  one.active_set = false;
  row("cost", cost(together), "forward passes", apart, "eight runs");
  row("cost_beside_mean", cost(together), "forward passes", apart / 8.0, "mean run of the eight");
  row("cost_beside_one", cost(together), "forward passes", cost(attack(subject, name, one)),
      "one radius, every point to the end");
  row("cost_beside_largest", cost(together), "forward passes", largest,
      "the largest radius alone, with active set");
  row("time", together.seconds, "s", seconds, "eight runs");
  row("broken", broken, "points, all radii", broken_apart, "eight runs");
  row("lost", lost, "points, at the worst radius", 0.0, "eight runs");
}

/// DeepFool as it is commonly written: image by image, the gradient of every class at each step.
/// @return the images broken.
std::int64_t looped_deep_fool(const Subject& subject, std::int64_t count) {
  std::int64_t broken = 0;
  model::Ledger ledger;
  const std::int64_t classes = subject.network->signature().classes;
  const torch::Tensor each = torch::eye(classes).unsqueeze(0);
  for (std::int64_t i = 0; i < count; ++i) {
    const torch::Tensor original = subject.inputs.slice(0, i, i + 1);
    const std::int64_t label = subject.labels[static_cast<std::size_t>(i)];
    torch::Tensor x = original.clone();
    torch::Tensor total = torch::zeros_like(x);
    for (int step = 0; step < 50; ++step) {
      const auto jacobian = subject.network->jacobian(x, each, ledger);
      if (jacobian.logits.argmax(1).item<std::int64_t>() != label) break;
      const torch::Tensor gaps = jacobian.logits[0] - jacobian.logits[0][label];
      const torch::Tensor slopes = jacobian.rows[0] - jacobian.rows[0][label];
      torch::Tensor far = gaps.abs() / (slopes.flatten(1).abs().sum(1) + 1e-12);
      far[label] = 1e30;
      const auto nearest = far.argmin().item<std::int64_t>();
      total += (far[nearest] + 1e-4) * slopes[nearest].sign().unsqueeze(0);
      x = (original + 1.02 * total).clamp(0.0, 1.0);
    }
    broken += subject.network->logits(x, ledger).argmax(1).item<std::int64_t>() != label ? 1 : 0;
  }
  return broken;
}

void deep_fool_rows(const Subject& subject, const StressBenchOptions& bench,
                    std::vector<Row>& rows) {
  provoke::attack::AttackOptions options;
  options.refine = 0;
  const std::int64_t count = std::min(bench.looped_points, subject.inputs.size(0));
  const auto once = attack(subject, "deep_fool", options);  // Also warms up.
  std::vector<double> rates;
  std::vector<double> looped_rates;
  std::int64_t broken = 0;
  for (int turn = 0; turn < kTurns; ++turn) {  // Turn by turn: other load meets both.
    const auto together = attack(subject, "deep_fool", options);
    rates.push_back(static_cast<double>(together.size()) / together.seconds);
    model::set_torch_threads(1);
    const auto start = Clock::now();
    broken = looped_deep_fool(subject, count);
    looped_rates.push_back(static_cast<double>(count) / seconds_since(start));
  }
  const auto median = [](std::vector<double>& values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
  };
  rows.push_back({"deep_fool_rate", median(rates), "points/s", median(looped_rates),
                  "image by image, full Jacobian"});
  rows.push_back({"deep_fool_broken",
                  100.0 * static_cast<double>(once.errors(1e9)) / static_cast<double>(once.size()),
                  "% of points", 100.0 * static_cast<double>(broken) / static_cast<double>(count),
                  "image by image, full Jacobian"});
}

/// AutoAttack on the first points, with those that CROWN bounds certify left out and without.
void certificate_rows(const Subject& subject, double epsilon, std::vector<Row>& rows) {
  const std::int64_t count = std::min(kCertifiedPoints, subject.inputs.size(0));
  const torch::Tensor inputs = subject.inputs.narrow(0, 0, count);
  const std::vector<std::int64_t> labels(subject.labels.begin(), subject.labels.begin() + count);
  const auto margins = provoke::certify::Certifier(*subject.network)
                           .lower_bounds(inputs, labels, epsilon, provoke::certify::Norm::linf);
  provoke::attack::AttackOptions options;
  options.epsilons = {epsilon};
  const auto all =
      provoke::attack::run_attack("auto_attack", *subject.network, inputs, labels, options);
  double certified = 0.0;
  for (const double margin : margins) {
    options.certified.push_back(margin > 0.0 ? epsilon : -1.0);
    certified += margin > 0.0 ? 1.0 : 0.0;
  }
  const auto rest =
      provoke::attack::run_attack("auto_attack", *subject.network, inputs, labels, options);
  const std::string without = "without certificates";
  rows.push_back(
      {"certified_first_points", certified, "points", static_cast<double>(count), "all"});
  rows.push_back({"certified_first_gradients", static_cast<double>(rest.ledger.gradient),
                  "gradients", static_cast<double>(all.ledger.gradient), without});
  rows.push_back({"certified_first_broken", static_cast<double>(rest.errors(epsilon)), "points",
                  static_cast<double>(all.errors(epsilon)), without});
}

}  // namespace

std::vector<Row> stress_bench(const StressBenchOptions& options) {
  for (const std::string& part : options.only) {
    if (std::ranges::find(kStressParts, part) == kStressParts.end())
      throw ConfigError(fmt::format("bench stress: no part is called {}; there are {}", part,
                                    fmt::join(kStressParts, ", ")));
  }
  const auto wanted = [&](std::string_view part) {
    return options.only.empty() || std::ranges::find(options.only, part) != options.only.end();
  };
  model::set_torch_threads(1);
  const Subject subject = subject_of(options);
  model::Ledger ledger;
  std::int64_t right = 0;
  const torch::Tensor answers = subject.network->logits(subject.inputs, ledger).argmax(1);
  for (std::int64_t i = 0; i < answers.size(0); ++i)
    right += answers[i].item<std::int64_t>() == subject.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  std::vector<Row> rows;
  const auto add = [&](std::vector<Row> more) {
    for (Row& row : more) rows.push_back(std::move(row));
  };
  rows.push_back({"clean_accuracy",
                  100.0 * static_cast<double>(right) / static_cast<double>(answers.size(0)), "%",
                  100.0 / static_cast<double>(subject.network->signature().classes), "chance"});
  if (wanted("active_set")) active_set_rows(subject, options, rows);
  if (wanted("radii")) {
    for (const std::string_view name : {"pgd", "apgd_ce"}) curve_rows(subject, name, options, rows);
  }
  if (wanted("deep_fool")) deep_fool_rows(subject, options, rows);
  if (wanted("oracles")) add(oracle_bench());
  if (!wanted("certificates")) return rows;
  // The network trained here stands no large radius.
  certificate_rows(subject, options.model.empty() ? 0.2 * options.epsilon : options.epsilon, rows);
  const std::int64_t certified = std::min<std::int64_t>(kCertifiedPoints, answers.size(0));
  add(certify_bench(*subject.network, subject.inputs.narrow(0, 0, certified),
                    std::span(subject.labels).first(static_cast<std::size_t>(certified)),
                    options.epsilon));
  return rows;
}

}  // namespace emdyn::bench
