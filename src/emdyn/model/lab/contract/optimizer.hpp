#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace emdyn::model::lab {

enum class OptimizerKind { sgd_momentum, adam, adamw };
inline constexpr std::string_view kOptimizerWords[] = {"sgd_momentum", "adam", "adamw"};

/// Hyper-parameters, in PyTorch's conventions.
struct OptimizerSettings {
  OptimizerKind kind = OptimizerKind::adamw;
  double learning_rate = 1e-3;
  double weight_decay = 0.0;
  double momentum = 0.9;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-8;
};

/// Updates a flat array of parameters from a flat array of gradients. With g the gradient, w the
/// parameter, η the rate, λ the decay and t counting from 1:
/// - sgd_momentum: g += λw; b = μb + g; w −= ηb (b starts at 0).
/// - adam: g += λw; m = β₁m + (1−β₁)g; v = β₂v + (1−β₂)g²;
///   w −= η · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε). Kingma and Ba, "Adam: a method for stochastic
///   optimization", 2015; ε is added after bias correction (their algorithm 1).
/// - adamw: as adam without g += λw, but w is first multiplied by 1 − ηλ. Loshchilov and Hutter,
///   "Decoupled weight decay regularization", 2019.
class Optimizer {
 public:
  Optimizer(const OptimizerSettings& settings, std::size_t parameters);

  /// @pre both spans have the length given to the constructor, a multiple of kLanes.
  void step(std::span<const float> gradients, std::span<float> parameters) noexcept;

  std::int64_t steps() const noexcept { return steps_; }
  /// The running means, for a checkpoint; `second` is empty for sgd_momentum.
  std::span<const float> first() const noexcept { return first_; }
  std::span<const float> second() const noexcept { return second_; }
  /// Goes on where a checkpoint stopped. @pre lengths are those of first() and second().
  void restore(std::int64_t steps, std::span<const float> first, std::span<const float> second) {
    steps_ = steps;
    first_.assign(first.begin(), first.end());
    second_.assign(second.begin(), second.end());
  }
  /// For schedules: holds from the next step on.
  void set_learning_rate(double rate) noexcept { settings_.learning_rate = rate; }

 private:
  OptimizerSettings settings_;
  std::int64_t steps_ = 0;
  std::vector<float> first_;
  std::vector<float> second_;
};

}  // namespace emdyn::model::lab
