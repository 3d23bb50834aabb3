#pragma once
#include "emdyn/math/matrix_view.hpp"

namespace emdyn::probe {

/// Moments over all entries of an activation matrix [sample, unit].
struct ActivationStats {
  double mean = 0.0;
  double variance = 0.0;       ///< Population (divides by n).
  double kurtosis = 0.0;       ///< Fourth standardised moment: 3 for a normal; NaN if constant.
  double dead_fraction = 0.0;  ///< Units whose |activation| never exceeds `dead_below`.
};

/// @throws DataError for an empty view. Cost: two passes.
template <class Scalar>
ActivationStats activation_stats(const math::MatrixView<Scalar>& activations,
                                 double dead_below = 1e-6);

}  // namespace emdyn::probe
