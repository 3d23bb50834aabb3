#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "emdyn/core/field.hpp"
#include "emdyn/core/json.hpp"

namespace emdyn::probe {

/// ‖after − before‖/‖before‖ of one layer: about 1e-3 in healthy training. 0 when nothing moved,
/// infinite when a zero layer did. NaN goes through.
/// @throws DataError when lengths differ or are 0. Cost: one pass.
/// Source: Karpathy, "CS231n: babysitting the learning process", 2015; Wortsman et al., 2023.
double update_to_weight(std::span<const float> before, std::span<const float> after);

/// Cosine between two successive updates: near 1 straight travel, near −1 bouncing across a valley.
/// NaN when one of them is zero. @throws DataError when lengths differ or are 0. Cost: one pass.
/// Source: Xing, Arpit, Tsirigotis and Bengio, "A walk with SGD", 2018.
double update_cosine(std::span<const float> previous, std::span<const float> current);

/// Whether the order of two batches matters: how far the weights after batches A, B lie from those
/// after B, A, starting from the same weights.
struct CommutatorDefect {
  double relative = 0.0;  ///< ‖θ_AB − θ_BA‖/√(‖a‖ ‖b‖) with a, b the single steps.
  double curvature = 0.0;  ///< ‖θ_AB − θ_BA‖/(‖a‖ ‖b‖): free of the learning rate to first order.
};

/// The weights at the corners of the little square, all of one length.
struct CommutatorSquare {
  std::span<const float> start{};
  std::span<const float> after_a{};
  std::span<const float> after_b{};
  std::span<const float> after_ab{};
  std::span<const float> after_ba{};
};
/// Equal end points give 0; different ones after a step of zero NaN.
/// @throws DataError when lengths differ or are 0. Cost: one pass.
/// Source: Xu, "Low-dimensional and transversely curved optimization dynamics in grokking", 2026.
CommutatorDefect commutator_defect(const CommutatorSquare& square);

struct AdamConfig {
  double epsilon = 1e-8;
  double beta2 = 0.999;
  std::int64_t step = 0;
};
inline constexpr std::array kAdamFields{
    Field<AdamConfig>{"epsilon", &AdamConfig::epsilon, 0.0, 1.0, "of the optimiser"},
    Field<AdamConfig>{"beta2", &AdamConfig::beta2, 0.0, 0.9999999, "decay of the second moment"},
    Field<AdamConfig>{"step", &AdamConfig::step, 0, 1e15,
                      "steps taken, to correct the bias; 0: corrected already"},
};

/// How Adam's second moment v stands to ε: where √v̂ is no longer far above ε the update shrinks and
/// the parameter stops learning.
struct AdamHealth {
  double share_below_epsilon = 0.0;  ///< Parameters with √v̂ <= ε.
  double median_over_epsilon = 0.0;  ///< Median of √v̂/ε; infinite for ε = 0.
  double gradient_rms = 0.0;         ///< √mean(v̂): the layer's gradient as Adam remembers it.
  double lost_share = 0.0;  ///< Mean of ε/(√v̂ + ε): how much of the update ε takes away.
};

/// @param second_moment v of one layer, >= 0. @throws DataError for an empty layer or a negative or
/// non-finite v; ConfigError. Cost: one pass and a selection.
/// Source: Wortsman et al., "Small-scale proxies for large-scale transformer training
/// instabilities", 2023.
AdamHealth adam_health(std::span<const float> second_moment, const AdamConfig& config = {});

void to_json(Json& json, const CommutatorDefect& defect);
void to_json(Json& json, const AdamHealth& health);

}  // namespace emdyn::probe
