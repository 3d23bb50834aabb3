#pragma once
#include "emdyn/emergence/samples/samples.hpp"
#include "emdyn/emergence/transition/transition.hpp"
#include "emdyn/emergence/transition/value_range.hpp"

namespace emdyn::emergence {

/// Fewer samples tell nothing about a change. From kFullPoints on the full comparison is made.
inline constexpr std::size_t kFewestPoints = 5;
inline constexpr std::size_t kFullPoints = 12;

/// Five to eleven samples: eight model sizes, six checkpoints. Fits have more parameters than such
/// series bear, so the marginal likelihoods of mirage::weigh_sudden() decide, which are exact for
/// any number of samples: a sudden change against the likelier of "constant" and "smooth". The
/// p-value is the inverse of that Bayes factor: it exceeds 1/alpha with probability alpha at most
/// (Markov's inequality; the priors of the noise are shared, so the factor is an e-value, see
/// Pérez-Ortiz, Lardy, de Heide & Grünwald, "E-Statistics, Group Invariance and Anytime-Valid
/// Testing", 2022). Adds to `fit`; samples must not all be equal.
void fit_short_series(const Samples& samples, const ValueRange& range,
                      const TransitionOptions& options, TransitionFit& fit);

}  // namespace emdyn::emergence
