#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "emdyn/core/field.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"
#include "emdyn/model/lab/contract/optimizer.hpp"

namespace emdyn::model::lab {

/// Settings of the sinusoid experiment; ranges and meaning are in kSinusoidFields.
struct SinusoidConfig {
  std::int64_t points = 512;
  double low = -5.0;
  double high = 5.0;
  double phase = 1.5707963267948966;
  double noise = 0.0;
  double k_sigma = 3.0;
  std::int64_t bins = 60;
  OptimizerKind optimizer = OptimizerKind::adam;
  double learning_rate = 1e-3;
  double weight_decay = 0.0;
  double momentum = 0.9;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double init_scale = 1.0;
  std::int64_t batch = 64;
  std::int64_t steps = 5000;
  std::int64_t seed = 1;
  std::int64_t probe_every = 0;
  double probe_budget_percent = 5.0;
};

inline constexpr std::array kSinusoidFields = {
    Field<SinusoidConfig>{"points", &SinusoidConfig::points, 2, 1e6,
                          "training inputs, uniform in [low, high]"},
    Field<SinusoidConfig>{"low", &SinusoidConfig::low, -1e3, 1e3, "least training input"},
    Field<SinusoidConfig>{"high", &SinusoidConfig::high, -1e3, 1e3, "greatest training input"},
    Field<SinusoidConfig>{"phase", &SinusoidConfig::phase, -1e3, 1e3,
                          "shift of the test inputs, radians"},
    Field<SinusoidConfig>{"noise", &SinusoidConfig::noise, 0.0, 1e3,
                          "standard deviation added to the training targets"},
    Field<SinusoidConfig>{"k_sigma", &SinusoidConfig::k_sigma, 0.0, 100.0,
                          "predictions beyond k standard deviations count as unexpected"},
    Field<SinusoidConfig>{"bins", &SinusoidConfig::bins, 1, 10000, "of the histogram"},
    enum_field<&SinusoidConfig::optimizer, SinusoidConfig>(
        "optimizer", kOptimizerWords, "decay is coupled (L2) in sgd_momentum and adam"),
    Field<SinusoidConfig>{"learning_rate", &SinusoidConfig::learning_rate, 1e-12, 1e3,
                          "of every step"},
    Field<SinusoidConfig>{"weight_decay", &SinusoidConfig::weight_decay, 0.0, 1e3,
                          "adamw multiplies weights by 1 - learning_rate * weight_decay"},
    Field<SinusoidConfig>{"momentum", &SinusoidConfig::momentum, 0.0, 0.9999, "of sgd_momentum"},
    Field<SinusoidConfig>{"beta1", &SinusoidConfig::beta1, 0.0, 0.9999, "of adam and adamw"},
    Field<SinusoidConfig>{"beta2", &SinusoidConfig::beta2, 0.0, 0.99999, "of adam and adamw"},
    Field<SinusoidConfig>{"epsilon", &SinusoidConfig::epsilon, 1e-12, 1.0,
                          "added to the root after bias correction"},
    Field<SinusoidConfig>{"init_scale", &SinusoidConfig::init_scale, 1e-6, 1e3,
                          "factor on the initial weights"},
    Field<SinusoidConfig>{"batch", &SinusoidConfig::batch, 0, 1e6,
                          "inputs per step; 0 is the whole training set"},
    Field<SinusoidConfig>{"steps", &SinusoidConfig::steps, 1, 1e9, "training steps"},
    Field<SinusoidConfig>{"seed", &SinusoidConfig::seed, 0, 9e15, "of inputs, weights, batches"},
    Field<SinusoidConfig>{"probe_every", &SinusoidConfig::probe_every, 0, 1e9,
                          "steps between rows of signals; 0 chooses by the cost model"},
    Field<SinusoidConfig>{"probe_budget_percent", &SinusoidConfig::probe_budget_percent, 0.0,
                          1000.0, "of the training's cost that probes may take; 0 turns them off"},
};

/// Defaults overwritten by `params` and checked as a whole. @throws ConfigError
SinusoidConfig sinusoid_config(const Params& params);

/// Regression of sin(x) on [low, high] by a network 1-128-128-64-1 with ReLU, judged on inputs
/// shifted by `phase`: targets sin(x + phase), part of them beyond the interval trained on.
///
/// Signals: train_loss (of the step's batch), test_loss, test_loss_inside and test_loss_outside
/// (shifted inputs inside and outside [low, high], where there are any), prediction_mean,
/// prediction_stddev, outside_fraction, gradient_norm, update_norm, weight_norm, weight_norm/LAYER,
/// activation_mean, activation_variance, activation_kurtosis and dead_fraction (last hidden layer),
/// effective_rank/LAYER. A prediction X on the shifted inputs is outside when |X − μ| > kσ, with μ
/// and σ those of the predictions on the training inputs; for a normal X the chance of that is
/// P = 2(1 − Φ(k)), computed in the tail.
///
/// Outcome::data holds `histogram` {k, mean, stddev, low_mark, high_mark, p_emergent,
/// outside_fraction, edges, train_counts, test_counts} and `curve` {x, target, prediction} of the
/// shifted task.
/// @throws ConfigError when a setting is out of range or low >= high.
std::unique_ptr<Experiment> make_sinusoid(const SinusoidConfig& config);

}  // namespace emdyn::model::lab
