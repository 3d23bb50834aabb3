#pragma once
#include <cstddef>
#include <span>

#include "emdyn/math/matrix_view.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {

/// How noisy single gradients are beside the true one: below a batch of `scale` examples twice the
/// batch is nearly twice the progress, far above it is waste.
struct GradientNoise {
  double gradient_squared = 0.0;  ///< Unbiased |G|² of the true gradient; may come out negative.
  double noise = 0.0;             ///< Unbiased tr(Σ) of one example's gradient.
  Estimate scale{};  ///< tr(Σ)/|G|², examples. Infinite, without error, where |G|² is
                     ///< not above 0: the gradient cannot be told from noise.
};

/// Squared lengths of mean gradients at two batch sizes, measured at the same weights.
struct BatchPair {
  double small_squared = 0.0;  ///< |G|² of the smaller batch.
  double big_squared = 0.0;    ///< |G|² of the bigger one.
};

/// From pairs of batches: |G|² = (B·|G_B|² − b·|G_b|²)/(B − b), tr(Σ) = (|G_b|² − |G_B|²)/(1/b −
/// 1/B), each averaged over the pairs before they are divided. The error is a jackknife over pairs.
/// @param small b, @param big B, in examples, 1 <= b < B.
/// @throws DataError for no pairs, bad sizes, or squared lengths that are negative or not finite.
/// Source: McCandlish, Kaplan, Amodei et al., "An empirical model of large-batch training", 2018,
/// appendix A.
GradientNoise gradient_noise(std::span<const BatchPair> pairs, double small, double big);

/// From single examples' gradients [example, parameter]: tr(Σ) = Σ|gᵢ − ḡ|²/(n − 1), |G|² = |ḡ|² −
/// tr(Σ)/n. The error is a jackknife over examples. Non-finite gradients give NaN.
/// @throws DataError for fewer than two examples or no parameters. Cost: 3 · examples · parameters.
template <class Scalar>
GradientNoise gradient_noise(const math::MatrixView<Scalar>& gradients);

void to_json(Json& json, const GradientNoise& noise);

}  // namespace emdyn::probe
