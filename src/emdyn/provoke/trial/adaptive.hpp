#pragma once
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/model/network/network.hpp"
#include "emdyn/provoke/guard/kernel_density.hpp"

namespace emdyn::provoke::trial {

/// An attacker's settings: steps of signed gradients within a maximum-norm ball.
struct AdaptiveSettings {
  double epsilon = 0.1;
  std::int64_t steps = 100;
  double step_share = 0.05;  ///< Length of the first step over epsilon; the last is a tenth of it.
  double lead = 0.0;         ///< By how many logits the class aimed for should be ahead.
};

/// The values an attacker can give each pixel.
struct Reach {
  torch::Tensor low;
  torch::Tensor high;
};
/// @param inputs [n, ...] in the box, where the attack begins.
Reach reach_of(const torch::Tensor& inputs, const model::Signature& box, double epsilon);

/// How an input stands with an attacker who wants two things; [batch] each, with their graph.
struct Standing {
  torch::Tensor lead;   ///< Logit of the class aimed for, less the largest other one.
  torch::Tensor quiet;  ///< Rises as the tripwire falls silent.
};
using Look = std::function<Standing(const torch::Tensor& inputs)>;
/// What has been reached: [batch] of bool, without graph.
struct Verdict {
  torch::Tensor wrong;   ///< Misclassified.
  torch::Tensor unseen;  ///< Not noticed by the tripwire.
};
using Judge = std::function<Verdict(const torch::Tensor& inputs)>;

/// Moves along the gradients of what is still missing, each scaled to sum 1 so that neither aim
/// drowns the other (as in Bryniarski et al., "Evading Adversarial Example Detection Defenses with
/// Orthogonal Projected Gradient Descent", ICLR 2022), by signed steps within reach. Each input
/// keeps the first place where it is misclassified and unseen, else where it ended. Counts two
/// gradients and a forward pass an input and step. Once `task` stops it ends where it is.
torch::Tensor climb(const torch::Tensor& inputs, const Reach& reach, const Look& look,
                    const Judge& judge, const AdaptiveSettings& settings, model::Ledger& ledger,
                    const Task& task = {});

/// The logit of each row's class, less the largest other one.
torch::Tensor lead(const torch::Tensor& logits, const torch::Tensor& classes);

/// The largest logit other than the label's, less the label's: above 0 once misclassified.
torch::Tensor margin(const torch::Tensor& logits, const torch::Tensor& labels);

/// The squeezed versions of inputs (see guard/squeeze.hpp): depth of `bits`, and for images the
/// median of 2 × 2. Backwards the median is itself; rounding counts as the identity (Athalye,
/// Carlini, Wagner, "Obfuscated Gradients Give a False Sense of Security", ICML 2018) or, given
/// what an attacker can reach, as the straight line through its values at the ends of the reach:
/// a pixel that cannot cross a step has no slope.
std::vector<torch::Tensor> squeezed(const torch::Tensor& inputs, const model::Signature& box,
                                    int bits, const Reach* reach = nullptr);

/// The largest L1 distance between softmax outputs before and after squeezing, [batch].
torch::Tensor squeeze_score(const model::Network& network, const torch::Tensor& inputs, int bits);

/// The log density under each row's class, or the predicted one, [batch]; gradients flow through
/// it.
torch::Tensor log_density(const model::Network& network,
                          const provoke::guard::KernelDensity& density, const torch::Tensor& inputs,
                          const std::optional<torch::Tensor>& classes = {});

}  // namespace emdyn::provoke::trial
