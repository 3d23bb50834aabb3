#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/math/matrix_view.hpp"

namespace emdyn::probe {

/// The eigenvalues of the smaller Gram matrix of W [rows, columns]: the squared singular values.
struct Spectrum {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> eigenvalues{};  ///< min(rows, columns) of them, greatest first, never < 0.

  std::size_t larger() const noexcept { return rows > columns ? rows : columns; }
  std::size_t smaller() const noexcept { return rows > columns ? columns : rows; }
  /// False when an entry was NaN or infinite: then every eigenvalue is NaN.
  bool finite() const noexcept;
  /// How many eigenvalues are not 0.
  std::size_t numerical_rank() const noexcept;
};

/// Eigenvalues through the Gram matrix of the smaller side in double precision: each is right to
/// about 1e-16 of the greatest. What lies below λ₁ · smaller · 2⁻⁵² is rounding and set to 0, so
/// singular values below about 1e-7 of the greatest are not told from 0.
/// @throws DataError for an empty matrix. Cost: rows · columns · min / 2 + 4/3 · min³
/// multiply-adds; memory 16 · min² bytes.
template <class Scalar>
Spectrum spectrum(const math::MatrixView<Scalar>& weights);

/// sqrt of the sum of squares; 0 for an empty view, NaN goes through. Cost: rows · columns.
template <class Scalar>
double frobenius_norm(const math::MatrixView<Scalar>& matrix) noexcept;

/// exp of the entropy (nats) of the singular values over their sum: 1 for rank one, n for n equal
/// ones, 0 for a zero matrix. Source: Roy and Vetterli, "The effective rank: a measure of effective
/// dimensionality", EUSIPCO 2007. @throws DataError for an empty matrix. Cost: that of spectrum().
template <class Scalar>
double effective_rank(const math::MatrixView<Scalar>& matrix);
double effective_rank(const Spectrum& spectrum) noexcept;

/// Ranks and norms of one layer: exact functions of its weights, so without a standard error.
struct RankMeasures {
  double frobenius_norm = 0.0;       ///< √Σλ.
  double spectral_norm = 0.0;        ///< √λ₁.
  double log_norm = 0.0;             ///< log₁₀ of the Frobenius norm; −infinity for zeros.
  double stable_rank = 0.0;          ///< Σλ/λ₁, in [1, rank].
  double effective_rank = 0.0;       ///< exp of the entropy of the singular values.
  double participation_ratio = 0.0;  ///< (Σλ)²/Σλ², in [1, rank].
  std::size_t numerical_rank = 0;    ///< Eigenvalues that are not rounding.
  bool operator==(const RankMeasures&) const = default;
};

/// All of them; a zero matrix has ranks of 0, a non-finite one NaN.
/// Sources: Rudelson and Vershynin, "Sampling from large matrices", 2007 (stable rank); Roy and
/// Vetterli, "The effective rank", EUSIPCO 2007; Bell and Dean, "Atomic vibrations in vitreous
/// silica", 1970 (participation ratio); Martin and Mahoney, "Implicit self-regularization in deep
/// neural networks", JMLR 22 (2021) (log norm).
RankMeasures rank_measures(const Spectrum& spectrum);

/// Names equal members; non-finite ones are null.
void to_json(Json& json, const RankMeasures& measures);

}  // namespace emdyn::probe
