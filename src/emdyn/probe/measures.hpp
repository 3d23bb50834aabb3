#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/math/matrix_view.hpp"

/// Measurements of a network's weights and activations, for float and double views. Everything is
/// computed in double precision, in one fixed order. NaN in gives NaN out. Empty views: each
/// function says.
namespace emdyn::probe {

/// sqrt of the sum of squares; 0 for an empty view. Cost: rows · columns.
template <class Scalar>
double frobenius_norm(const math::MatrixView<Scalar>& matrix) noexcept;

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

/// Singular values, greatest first, as roots of the eigenvalues of the smaller Gram matrix: their
/// error is about sqrt(machine epsilon) of the greatest, which is enough for a rank.
/// @throws DataError for an empty view. Cost: rows · columns · min + 9 · min³ operations.
template <class Scalar>
std::vector<double> singular_values(const math::MatrixView<Scalar>& matrix);

/// exp of the entropy (nats) of the singular values over their sum: 1 for rank one, n for n equal
/// ones, 0 for a zero matrix. Source: Roy and Vetterli, "The effective rank: a measure of effective
/// dimensionality", EUSIPCO 2007.
template <class Scalar>
double effective_rank(const math::MatrixView<Scalar>& matrix);
double effective_rank(std::span<const double> singular_values) noexcept;

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

/// One line of the list of measurements: for docs and `--list`.
struct ProbeInfo {
  std::string_view name;
  std::string_view what;
  std::string_view paper;
  std::string_view cost;
};
std::span<const ProbeInfo> probes() noexcept;

}  // namespace emdyn::probe
