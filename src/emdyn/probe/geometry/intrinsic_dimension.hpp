#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "emdyn/core/field.hpp"
#include "emdyn/math/matrix_view.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {

/// How many dimensions a cloud of points [sample, coordinate] really has.
struct IntrinsicDimension {
  Estimate dimension{};
  std::size_t points = 0;      ///< Distinct ones.
  std::size_t duplicates = 0;  ///< Left out.
};

struct TwoNnConfig {
  double discard = 0.1;
};
inline constexpr std::array kTwoNnFields{
    Field<TwoNnConfig>{"discard", &TwoNnConfig::discard, 0.0, 0.9,
                       "share of the largest ratios that only count as at least as large"},
};

/// From the ratio μ = r₂/r₁ of the distances to the two nearest neighbours, which follows
/// P(μ > x) = x^(−d): d̂ = (N − 1)/Σln μ. With `discard` f the largest f·N ratios are censored
/// (counted as at least the largest kept one), which keeps the estimate right and guards against
/// sparse outliers. The standard error counts that neighbours share distances.
/// Source: Facco, d'Errico, Rodriguez and Laio, "Estimating the intrinsic dimension of datasets by
/// a minimal neighborhood information", Scientific Reports 7 (2017).
/// @throws DataError for fewer than 3 distinct points, non-finite coordinates, or when all ratios
/// are 1 (a lattice); ConfigError. Cost: samples² · coordinates.
template <class Scalar>
IntrinsicDimension two_nn(const math::MatrixView<Scalar>& points, const TwoNnConfig& config = {});

struct LevinaBickelConfig {
  std::int64_t neighbours = 10;
};
inline constexpr std::array kLevinaBickelFields{
    Field<LevinaBickelConfig>{"neighbours", &LevinaBickelConfig::neighbours, 2, 1000,
                              "nearest neighbours of each point"},
};

/// Maximum likelihood over k neighbours: d̂ = (N(k − 1) − 1)/ΣᵢΣ_{j<k} ln(T_k(i)/T_j(i)), the
/// points' inverses averaged as MacKay and Ghahramani showed to be right. More neighbours: smaller
/// error, but more of the curvature and the border of the manifold is seen.
/// Sources: Levina and Bickel, "Maximum likelihood estimation of intrinsic dimension", NIPS 2004;
/// MacKay and Ghahramani, comments on it, 2005.
/// @throws as two_nn(), for fewer than k + 1 distinct points. Cost: samples² · coordinates.
template <class Scalar>
IntrinsicDimension levina_bickel(const math::MatrixView<Scalar>& points,
                                 const LevinaBickelConfig& config = {});

void to_json(Json& json, const IntrinsicDimension& dimension);

}  // namespace emdyn::probe
