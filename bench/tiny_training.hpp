#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace emdyn::bench {

/// What goes wrong in a tiny training, from one step on.
enum class Fault {
  poisoned_batch,   ///< The inputs of one batch are 40 times too large and its labels wrong.
  nan_weights,      ///< The rate grows by a tenth a step until the numbers overflow.
  dead_layer,       ///< No hidden unit is active any more.
  large_rate,       ///< The rate is 40 times as large.
  wrong_labels,     ///< Half of the labels are drawn at random.
  frozen_layer,     ///< The first layer's gradient is no longer computed.
  slow_divergence,  ///< The weights are blown up a little with each step.
};

/// Stochastic gradient descent on clusters of points, for real: what it logs has the noise of mini
/// batches, their skew, and variances that follow the loss.
struct TinyTraining {
  std::size_t inputs = 6;
  std::size_t classes = 4;
  std::size_t hidden = 12;  ///< Units of a layer of rectifiers; 0: softmax regression.
  std::size_t samples = 2000;
  std::size_t batch = 16;
  double rate = 0.05;
  double momentum = 0.0;
  double separation = 1.6;    ///< Of the clusters' centres, in deviations.
  double label_noise = 0.05;  ///< Share of labels drawn at random.
  std::size_t steps = 1500;
  std::size_t evaluate_every = 0;         ///< Steps; 0: never.
  std::vector<std::size_t> rate_drops{};  ///< Steps at which the rate falls to a tenth.
  std::optional<Fault> fault{};
  std::size_t fault_at = 0;
  std::uint64_t seed = 0;
};

/// One logged signal: value i at position `positions[i]`.
struct BankSignal {
  std::string name{};
  std::vector<double> positions{};
  std::vector<double> values{};

  void add(double position, double value) {
    positions.push_back(position);
    values.push_back(value);
  }
};

/// Trains and logs loss, accuracy, gradient_norm, update_norm and learning_rate of every step, the
/// gradient norm of the first layer where there is a hidden one, and val_loss and val_accuracy where
/// it is evaluated. Numbers may become infinite or NaN, as they do for others.
std::vector<BankSignal> train(const TinyTraining& training);

}  // namespace emdyn::bench
