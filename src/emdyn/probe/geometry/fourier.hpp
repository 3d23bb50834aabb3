#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/math/matrix_view.hpp"

namespace emdyn::probe {

/// How the power of the columns of an embedding, followed along its rows, is spread over the
/// frequencies 1 … ⌊rows/2⌋ (the mean is left out).
struct FourierConcentration {
  double gini = 0.0;       ///< Of the power per frequency: 0 when equal; (n−1)/n when in one.
  double top_share = 0.0;  ///< Share of power in the `top` strongest frequencies, in [0, 1].
  std::vector<double> power{};  ///< Per frequency, from 1; sums over columns of |DFT|².
};

/// Precomputed waves of one length, for repeated measurement. Sources: Nanda et al., "Progress
/// measures for grokking via mechanistic interpretability", 2023 (Gini coefficient of the Fourier
/// components of the embedding).
class FourierProbe {
 public:
  /// @param rows length of the transform, at least 3. @param top how many frequencies `top_share`
  /// adds up, at least 1. @throws ConfigError
  FourierProbe(std::size_t rows, std::size_t top);

  /// Row i of the transform is row `order[i]` of the embedding, or row i when `order` is empty.
  /// A constant embedding has no power: both shares are 0.
  /// @throws DataError when the length or an index does not fit. Cost: rows² · columns · 2.
  template <class Scalar>
  FourierConcentration measure(const math::MatrixView<Scalar>& embedding,
                               std::span<const std::uint32_t> order = {}) const;

 private:
  std::size_t rows_;
  std::size_t top_;
  std::vector<double> waves_;  ///< [frequency, cos | sin, row]
};

/// Gini coefficient of non-negative numbers; 0 for none or all zero.
double gini(std::vector<double> values) noexcept;

}  // namespace emdyn::probe
