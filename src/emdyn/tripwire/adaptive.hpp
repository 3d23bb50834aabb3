#pragma once
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "emdyn/guard/kernel_density.hpp"
#include "emdyn/model/network.hpp"

namespace emdyn::tripwire {

/// An attacker's settings: steps of signed gradients within a maximum-norm ball.
struct AdaptiveSettings {
  double epsilon = 0.1;
  std::int64_t steps = 100;
  double step_share = 0.05;  ///< Length of a step over epsilon.
  double weight = 1.0;       ///< Of the tripwire in the objective.
};

/// What the attacker wants of each input: [batch], to be raised. Given the inputs with their graph.
using Objective = std::function<torch::Tensor(const torch::Tensor& inputs)>;
/// Which inputs are done: misclassified and unnoticed. [batch] of bool, without graph.
using Done = std::function<torch::Tensor(const torch::Tensor& inputs)>;

/// Raises the objective by signed steps within the ball and the box; each input keeps the first
/// place where it was done, else where it ended. Counts one gradient an input and step.
torch::Tensor climb(const torch::Tensor& inputs, const model::Signature& box,
                    const Objective& objective, const Done& done, const AdaptiveSettings& settings,
                    model::Ledger& ledger);

/// The largest logit other than the label's, less the label's: above 0 once misclassified.
torch::Tensor margin(const torch::Tensor& logits, const torch::Tensor& labels);

/// The squeezed versions of inputs (see guard/squeeze.hpp): depth of `bits`, and for images the
/// median of 2 × 2. Backwards each counts as the identity (Athalye, Carlini, Wagner, "Obfuscated
/// Gradients Give a False Sense of Security", ICML 2018).
std::vector<torch::Tensor> squeezed(const torch::Tensor& inputs, const model::Signature& box,
                                    int bits);

/// The largest L1 distance between softmax outputs before and after squeezing, [batch]. With
/// `sum`, their sum: what an attacker lowers.
torch::Tensor squeeze_score(const model::Network& network, const torch::Tensor& inputs, int bits,
                            bool sum = false);

/// The log density under the predicted class, [batch], through which gradients flow.
torch::Tensor log_density(const model::Network& network, const guard::KernelDensity& density,
                          const torch::Tensor& inputs);

}  // namespace emdyn::tripwire
