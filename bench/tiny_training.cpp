#include "tiny_training.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "emdyn/core/philox.hpp"

namespace emdyn::bench {
namespace {

constexpr std::uint64_t kTrainingSeed = 77001;
constexpr double kPoison = 40.0;
constexpr double kTooFast = 40.0;
constexpr double kBlowUp = 1.002;  // A step: weights seven times as large after a thousand.
constexpr double kRunaway = 1.1;   // Of the rate, a step.

struct Points {
  std::vector<double> inputs;  // [sample, input].
  std::vector<std::size_t> labels;
};

/// A linear map with its gradient and momentum.
struct Layer {
  std::size_t in = 0;
  std::size_t out = 0;
  std::vector<double> weights;  // [out, in + 1]; the last is the bias.
  std::vector<double> gradient;
  std::vector<double> velocity;

  Layer(std::size_t inputs, std::size_t outputs, Philox& random)
      : in(inputs), out(outputs), weights(outputs * (inputs + 1)) {
    const double scale = std::sqrt(2.0 / static_cast<double>(inputs));
    for (std::size_t i = 0; i < weights.size(); ++i)
      weights[i] = i % (in + 1) == in ? 0.0 : scale * random.normal();
    gradient.assign(weights.size(), 0.0);
    velocity = gradient;
  }
  void forward(const double* x, double* y) const {
    for (std::size_t o = 0; o < out; ++o) {
      const double* row = weights.data() + o * (in + 1);
      double sum = row[in];
      for (std::size_t i = 0; i < in; ++i) sum += row[i] * x[i];
      y[o] = sum;
    }
  }
  /// Adds to the gradient; `back` (may be null) gets the derivative by x.
  void backward(const double* x, const double* error, double* back) {
    if (back != nullptr) std::fill(back, back + in, 0.0);
    for (std::size_t o = 0; o < out; ++o) {
      const double* row = weights.data() + o * (in + 1);
      double* slope = gradient.data() + o * (in + 1);
      for (std::size_t i = 0; i < in; ++i) {
        slope[i] += error[o] * x[i];
        if (back != nullptr) back[i] += error[o] * row[i];
      }
      slope[in] += error[o];
    }
  }
  double gradient_square() const {
    return std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0);
  }
};

struct Judged {
  double loss = 0.0;
  double accuracy = 0.0;
};

class Network {
 public:
  Network(const TinyTraining& t, Philox& random) : hidden_(t.hidden) {
    if (hidden_ > 0) layers_.emplace_back(t.inputs, t.hidden, random);
    layers_.emplace_back(hidden_ > 0 ? t.hidden : t.inputs, t.classes, random);
    active_.resize(std::max<std::size_t>(hidden_, 1));
    back_ = active_;
    logits_.resize(t.classes);
  }
  std::vector<Layer>& layers() { return layers_; }

  /// Loss of one sample; with `learn`, its gradient is added, scaled by `weight`.
  Judged sample(const double* x, std::size_t label, bool learn, double weight) {
    const double* features = x;
    if (hidden_ > 0) {
      layers_[0].forward(x, active_.data());
      for (double& unit : active_) unit = unit > 0.0 ? unit : 0.0 * unit;  // NaN stays NaN.
      features = active_.data();
    }
    Layer& last = layers_.back();
    last.forward(features, logits_.data());
    const double most = *std::ranges::max_element(logits_);
    const auto guess =
        static_cast<std::size_t>(std::ranges::max_element(logits_) - logits_.begin());
    double sum = 0.0;
    for (const double logit : logits_) sum += std::exp(logit - most);
    const double loss = std::log(sum) + most - logits_[label];
    if (learn) {
      for (std::size_t c = 0; c < logits_.size(); ++c)
        logits_[c] = weight * (std::exp(logits_[c] - most) / sum - (c == label ? 1.0 : 0.0));
      last.backward(features, logits_.data(), hidden_ > 0 ? back_.data() : nullptr);
      if (hidden_ > 0) {
        for (std::size_t h = 0; h < hidden_; ++h)
          if (!(active_[h] > 0.0)) back_[h] = 0.0 * active_[h];
        layers_[0].backward(x, back_.data(), nullptr);
      }
    }
    return {loss, guess == label ? 1.0 : 0.0};
  }

 private:
  std::size_t hidden_;
  std::vector<Layer> layers_;
  std::vector<double> active_;
  std::vector<double> back_;
  std::vector<double> logits_;
};

Points draw_points(const TinyTraining& t, const std::vector<double>& centres, std::size_t count,
                   Philox& random) {
  Points points;
  points.inputs.resize(count * t.inputs);
  points.labels.resize(count);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t cluster = random.below(static_cast<std::uint32_t>(2 * t.classes));
    points.labels[n] = random.uniform() < t.label_noise
                           ? random.below(static_cast<std::uint32_t>(t.classes))
                           : cluster % t.classes;
    for (std::size_t i = 0; i < t.inputs; ++i)
      points.inputs[n * t.inputs + i] = centres[cluster * t.inputs + i] + random.normal();
  }
  return points;
}

Judged evaluate(Network& network, const Points& points, std::size_t inputs) {
  Judged sum;
  const double count = static_cast<double>(points.labels.size());
  for (std::size_t n = 0; n < points.labels.size(); ++n) {
    const Judged one =
        network.sample(points.inputs.data() + n * inputs, points.labels[n], false, 0);
    sum.loss += one.loss / count;
    sum.accuracy += one.accuracy / count;
  }
  return sum;
}

/// What the fault does to the network at a step before its batch is looked at.
void strike(const TinyTraining& t, std::size_t step, Network& network, double& rate) {
  if (!t.fault || step < t.fault_at) return;
  if (*t.fault == Fault::large_rate && step == t.fault_at) rate *= kTooFast;
  if (*t.fault == Fault::nan_weights) rate *= kRunaway;
  if (*t.fault == Fault::dead_layer && step == t.fault_at) {
    Layer& first = network.layers().front();
    for (std::size_t o = 0; o < first.out; ++o) first.weights[o * (first.in + 1) + first.in] = -1e3;
  }
  if (*t.fault == Fault::slow_divergence) {
    for (Layer& layer : network.layers())
      for (double& weight : layer.weights) weight *= kBlowUp;
  }
}

struct Log {
  BankSignal loss{"train/loss"};
  BankSignal accuracy{"train/accuracy"};
  BankSignal gradient{"gradient_norm"};
  BankSignal update{"update_norm"};
  BankSignal rate{"learning_rate"};
  BankSignal first{"gradient_norm/layer1"};
  BankSignal val_loss{"val/loss"};
  BankSignal val_accuracy{"val/accuracy"};
};

/// One descent along the gradient; gives the update's square.
double descend(const TinyTraining& t, Layer& layer, double rate) {
  double moved = 0.0;
  for (std::size_t i = 0; i < layer.weights.size(); ++i) {
    layer.velocity[i] = t.momentum * layer.velocity[i] - rate * layer.gradient[i];
    layer.weights[i] += layer.velocity[i];
    moved += layer.velocity[i] * layer.velocity[i];
  }
  return moved;
}

}  // namespace

std::vector<BankSignal> train(const TinyTraining& t) {
  Philox random(kTrainingSeed, t.seed);
  std::vector<double> centres(2 * t.classes * t.inputs);
  for (double& centre : centres) centre = t.separation * random.normal();
  const Points points = draw_points(t, centres, t.samples, random);
  const Points held = draw_points(t, centres, 400, random);
  Network network(t, random);
  std::vector<std::uint32_t> order(t.samples);
  std::iota(order.begin(), order.end(), 0U);
  std::size_t next = order.size();
  double rate = t.rate;
  std::vector<double> x(t.inputs);
  Log log;
  for (std::size_t step = 0; step < t.steps; ++step) {
    const double at = static_cast<double>(step);
    if (std::ranges::find(t.rate_drops, step) != t.rate_drops.end()) rate *= 0.1;
    strike(t, step, network, rate);
    const bool struck = t.fault && step >= t.fault_at;
    const bool poisoned = struck && *t.fault == Fault::poisoned_batch && step == t.fault_at;
    Judged sum;
    for (Layer& layer : network.layers()) std::ranges::fill(layer.gradient, 0.0);
    const double share = 1.0 / static_cast<double>(t.batch);
    for (std::size_t b = 0; b < t.batch; ++b) {
      if (next == order.size()) {
        shuffle(order, random);
        next = 0;
      }
      const std::size_t n = order[next++];
      for (std::size_t i = 0; i < t.inputs; ++i)
        x[i] = points.inputs[n * t.inputs + i] * (poisoned ? kPoison : 1.0);
      std::size_t label = points.labels[n];
      const bool wrong = struck && *t.fault == Fault::wrong_labels && random.below(2) == 0;
      if (poisoned || wrong) label = random.below(static_cast<std::uint32_t>(t.classes));
      const Judged one = network.sample(x.data(), label, true, share);
      sum.loss += one.loss * share;
      sum.accuracy += one.accuracy * share;
    }
    if (struck && *t.fault == Fault::frozen_layer)
      std::ranges::fill(network.layers().front().gradient, 0.0);
    double gradient = 0.0;
    for (const Layer& layer : network.layers()) gradient += layer.gradient_square();
    if (t.hidden > 0) log.first.add(at, std::sqrt(network.layers().front().gradient_square()));
    double moved = 0.0;
    for (Layer& layer : network.layers()) moved += descend(t, layer, rate);
    log.loss.add(at, sum.loss);
    log.accuracy.add(at, sum.accuracy);
    log.gradient.add(at, std::sqrt(gradient));
    log.update.add(at, std::sqrt(moved));
    log.rate.add(at, rate);
    if (t.evaluate_every > 0 && step % t.evaluate_every == 0) {
      const Judged judged = evaluate(network, held, t.inputs);
      log.val_loss.add(at, judged.loss);
      log.val_accuracy.add(at, judged.accuracy);
    }
  }
  std::vector<BankSignal> signals{log.loss, log.accuracy, log.gradient, log.update, log.rate};
  if (t.hidden > 0) signals.push_back(log.first);
  if (t.evaluate_every > 0) {
    signals.push_back(log.val_loss);
    signals.push_back(log.val_accuracy);
  }
  return signals;
}

}  // namespace emdyn::bench
