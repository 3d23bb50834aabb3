#include "emdyn/model/lab/contract/optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/model/lab/contract/kernels.hpp"

namespace emdyn::model::lab {
namespace {

/// One parameter followed in double precision by the formulae of the header.
double reference(const OptimizerSettings& s, double weight, const std::vector<double>& slopes) {
  double first = 0.0;
  double second = 0.0;
  double t = 0.0;
  for (double g : slopes) {
    t += 1.0;
    if (s.kind != OptimizerKind::adamw) g += s.weight_decay * weight;
    if (s.kind == OptimizerKind::sgd_momentum) {
      first = s.momentum * first + g;
      weight -= s.learning_rate * first;
      continue;
    }
    if (s.kind == OptimizerKind::adamw) weight *= 1.0 - s.learning_rate * s.weight_decay;
    first = s.beta1 * first + (1.0 - s.beta1) * g;
    second = s.beta2 * second + (1.0 - s.beta2) * g * g;
    const double corrected = first / (1.0 - std::pow(s.beta1, t));
    weight -= s.learning_rate * corrected /
              (std::sqrt(second / (1.0 - std::pow(s.beta2, t))) + s.epsilon);
  }
  return weight;
}

TEST(Optimizer, FirstAdamStepIsTheLearningRate) {
  // m̂ = g and v̂ = g², so the first step is η · g / (|g| + ε) whatever the gradient.
  Optimizer optimizer({.kind = OptimizerKind::adam, .learning_rate = 0.1}, kLanes);
  std::vector<float> weights(kLanes, 1.0F);
  std::vector<float> slopes(kLanes, 1e-4F);
  slopes[1] = -30.0F;
  optimizer.step(slopes, weights);
  EXPECT_NEAR(weights[0], 0.9F, 1e-4);
  EXPECT_NEAR(weights[1], 1.1F, 1e-5);
}

TEST(Optimizer, FollowsItsFormulae) {
  const std::vector<double> slopes = {0.3, -0.2, 0.05, 1.5, 0.0, -0.7};
  for (const auto kind : {OptimizerKind::sgd_momentum, OptimizerKind::adam, OptimizerKind::adamw}) {
    const OptimizerSettings settings{
        .kind = kind, .learning_rate = 0.05, .weight_decay = 0.4, .epsilon = 1e-3};
    Optimizer optimizer(settings, kLanes);
    std::vector<float> weights(kLanes, 2.0F);
    for (const double slope : slopes) {
      optimizer.step(std::vector<float>(kLanes, static_cast<float>(slope)), weights);
    }
    EXPECT_NEAR(weights[3], reference(settings, 2.0, slopes), 2e-6);
    EXPECT_EQ(weights.front(), weights.back());
  }
}

TEST(Optimizer, DecoupledDecayShrinksWithoutAGradient) {
  const std::vector<float> none(kLanes, 0.0F);
  Optimizer decoupled({.kind = OptimizerKind::adamw, .learning_rate = 0.1, .weight_decay = 0.5},
                      kLanes);
  std::vector<float> weights(kLanes, 1.0F);
  decoupled.step(none, weights);
  EXPECT_FLOAT_EQ(weights[0], 0.95F);
  // Coupled decay goes through Adam's normalisation: a full step of the rate instead.
  Optimizer coupled({.kind = OptimizerKind::adam, .learning_rate = 0.1, .weight_decay = 0.5},
                    kLanes);
  weights.assign(kLanes, 1.0F);
  coupled.step(none, weights);
  EXPECT_NEAR(weights[0], 0.9F, 1e-6);
}

TEST(Optimizer, ZeroStaysZero) {
  const std::vector<float> none(kLanes, 0.0F);
  for (const auto kind : {OptimizerKind::sgd_momentum, OptimizerKind::adam, OptimizerKind::adamw}) {
    Optimizer optimizer({.kind = kind, .weight_decay = 1.0}, kLanes);
    std::vector<float> weights(kLanes, 0.0F);
    for (int i = 0; i < 5; ++i) optimizer.step(none, weights);
    EXPECT_EQ(weights, none);
  }
}

}  // namespace
}  // namespace emdyn::model::lab
