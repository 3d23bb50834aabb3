#include "emdyn/model/lab/contract/optimizer.hpp"

#include <cmath>

#include "emdyn/model/lab/contract/kernels.hpp"

namespace emdyn::model::lab {

Optimizer::Optimizer(const OptimizerSettings& settings, std::size_t parameters)
    : settings_(settings), first_(parameters, 0.0F) {
  if (settings.kind != OptimizerKind::sgd_momentum) second_.assign(parameters, 0.0F);
}

void Optimizer::step(std::span<const float> gradients, std::span<float> parameters) noexcept {
  ++steps_;
  const OptimizerSettings& s = settings_;
  if (s.kind == OptimizerKind::sgd_momentum) {
    momentum_update(static_cast<float>(s.learning_rate), static_cast<float>(s.momentum),
                    static_cast<float>(s.weight_decay), gradients.data(), first_.data(),
                    parameters.data(), parameters.size());
    return;
  }
  const bool decoupled = s.kind == OptimizerKind::adamw;
  const auto t = static_cast<double>(steps_);
  AdamStep step{};
  step.shrink = decoupled ? static_cast<float>(1.0 - s.learning_rate * s.weight_decay) : 1.0F;
  step.coupled_decay = decoupled ? 0.0F : static_cast<float>(s.weight_decay);
  step.beta1 = static_cast<float>(s.beta1);
  step.beta2 = static_cast<float>(s.beta2);
  step.step_size = static_cast<float>(s.learning_rate / (1.0 - std::pow(s.beta1, t)));
  step.inverse_root = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(s.beta2, t)));
  step.epsilon = static_cast<float>(s.epsilon);
  adam_update(step, gradients.data(), first_.data(), second_.data(), parameters.data(),
              parameters.size());
}

}  // namespace emdyn::model::lab
