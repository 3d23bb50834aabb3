#pragma once
#include <cstddef>

#include "emdyn/math/matrix_view.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {

/// How alike two representations of the same samples are: 1 up to rotation and scale, 0 for
/// unrelated ones.
struct Cka {
  double biased = 0.0;  ///< ‖YᵀX‖²/(‖XᵀX‖ ‖YᵀY‖) of centred columns: near 1 for samples ≲ units
                        ///< whatever the data.
  Estimate debiased{};  ///< With unbiased HSIC; about 0 for unrelated data, may be negative. The
                        ///< error is a jackknife over samples.
  std::size_t samples = 0;
};

/// Linear centred kernel alignment of X [sample, unit] and Y [sample, other unit], against another
/// layer, a reference or the checkpoint before. Constant or non-finite representations give NaN.
/// The debiased form is NaN where the unbiased estimate of a representation's own spread is not
/// positive.
/// Sources: Kornblith, Norouzi, Lee and Hinton, "Similarity of neural network representations
/// revisited", ICML 2019; unbiased HSIC: Song et al., JMLR 13 (2012); debiased: Nguyen, Raghu and
/// Kornblith, "Do wide and deep networks learn the same things?", ICLR 2021.
/// @throws DataError when sample counts differ or are below 4, or a representation has no units.
/// Cost: the lesser of samples² · (p + q) and 2 · samples · (p² + q² + pq); in parallel.
template <class Scalar>
Cka linear_cka(const math::MatrixView<Scalar>& x, const math::MatrixView<Scalar>& y);

void to_json(Json& json, const Cka& cka);

}  // namespace emdyn::probe
