#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/model/lab/contract/optimizer.hpp"
#include "emdyn/model/lab/grokking/modular.hpp"
#include "emdyn/model/lab/grokking/network.hpp"

namespace emdyn::model::lab {

enum class NetworkKind { mlp_quadratic, mlp_relu, transformer };
inline constexpr std::string_view kArchitectureWords[] = {"mlp_quadratic", "mlp_relu",
                                                          "transformer"};

/// Settings of the grokking experiment; ranges and meaning are in kGrokkingFields.
struct GrokkingConfig {
  Operation operation = Operation::add;
  std::int64_t p = 59;
  double train_fraction = 0.35;
  NetworkKind network = NetworkKind::mlp_quadratic;
  std::int64_t width = 128;
  TrainingLoss loss = TrainingLoss::cross_entropy;
  OptimizerKind optimizer = OptimizerKind::adamw;
  double learning_rate = 2e-3;
  double weight_decay = 1.0;
  double momentum = 0.9;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-8;
  std::int64_t warmup_steps = 10;
  double init_scale = 2.0;
  std::int64_t batch = 0;
  std::int64_t steps = 4000;
  std::int64_t seed = 1;
  std::int64_t probe_every = 0;
  double probe_budget_percent = 5.0;
};

inline constexpr std::array kGrokkingFields = {
    enum_field<&GrokkingConfig::operation, GrokkingConfig>(
        "op", kOperationWords, "the operation, modulo p; div leaves y = 0 out"),
    Field<GrokkingConfig>{"p", &GrokkingConfig::p, 3, 251, "the modulus, a prime"},
    Field<GrokkingConfig>{"train_fraction", &GrokkingConfig::train_fraction, 0.0, 1.0,
                          "share of the table trained on; the rest is the test set"},
    enum_field<&GrokkingConfig::network, GrokkingConfig>(
        "network", kArchitectureWords, "one hidden layer, or one transformer block"),
    Field<GrokkingConfig>{"width", &GrokkingConfig::width, 1, 4096,
                          "hidden units of the MLP; residual width of the transformer"},
    enum_field<&GrokkingConfig::loss, GrokkingConfig>("loss", kLossWords, "the training loss"),
    enum_field<&GrokkingConfig::optimizer, GrokkingConfig>(
        "optimizer", kOptimizerWords, "decay is coupled (L2) in sgd_momentum and adam"),
    Field<GrokkingConfig>{"learning_rate", &GrokkingConfig::learning_rate, 1e-12, 1e3,
                          "after the warm-up"},
    Field<GrokkingConfig>{"weight_decay", &GrokkingConfig::weight_decay, 0.0, 1e3,
                          "adamw multiplies weights by 1 - learning_rate * weight_decay"},
    Field<GrokkingConfig>{"momentum", &GrokkingConfig::momentum, 0.0, 0.9999, "of sgd_momentum"},
    Field<GrokkingConfig>{"beta1", &GrokkingConfig::beta1, 0.0, 0.9999, "of adam and adamw"},
    Field<GrokkingConfig>{"beta2", &GrokkingConfig::beta2, 0.0, 0.99999, "of adam and adamw"},
    Field<GrokkingConfig>{"epsilon", &GrokkingConfig::epsilon, 1e-12, 1.0,
                          "added to the root after bias correction"},
    Field<GrokkingConfig>{"warmup_steps", &GrokkingConfig::warmup_steps, 0, 1e9,
                          "steps over which the learning rate rises linearly"},
    Field<GrokkingConfig>{"init_scale", &GrokkingConfig::init_scale, 1e-6, 1e3,
                          "factor on the initial weights"},
    Field<GrokkingConfig>{"batch", &GrokkingConfig::batch, 0, 1e6,
                          "pairs per step; 0 is the whole training set"},
    Field<GrokkingConfig>{"steps", &GrokkingConfig::steps, 1, 1e9, "training steps"},
    Field<GrokkingConfig>{"seed", &GrokkingConfig::seed, 0, 9e15, "of split, weights and batches"},
    Field<GrokkingConfig>{"probe_every", &GrokkingConfig::probe_every, 0, 1e9,
                          "steps between rows of signals; 0 chooses by the cost model"},
    Field<GrokkingConfig>{"probe_budget_percent", &GrokkingConfig::probe_budget_percent, 0.0,
                          1000.0, "of the training's cost that probes may take; 0 turns them off"},
};

/// Defaults overwritten by `params` and checked as a whole.
/// @throws ConfigError naming the setting that is wrong.
GrokkingConfig grokking_config(const Params& params);

}  // namespace emdyn::model::lab
