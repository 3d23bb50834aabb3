#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "emdyn/core/field.hpp"
#include "emdyn/math/matrix_view.hpp"

namespace emdyn::probe {

struct WeightChangeConfig {
  std::int64_t directions = 8;
};
inline constexpr std::array kWeightChangeFields{
    Field<WeightChangeConfig>{"directions", &WeightChangeConfig::directions, 1, 64,
                              "leading singular directions whose overlap is taken"},
};

/// How far a layer went from its own earlier weights.
struct WeightChange {
  double relative = 0.0;  ///< ‖A − B‖/‖B‖; infinite from zeros, 0 when both are.
  double cosine = 0.0;    ///< ⟨A, B⟩/(‖A‖ ‖B‖); NaN when one of them is zero.
  std::optional<double> subspace_overlap{};  ///< ‖UᵀV‖²/k of the k leading singular directions on
                                             ///< the smaller side, in [0, 1].
  std::optional<double> overlap_by_chance{};  ///< k/min: what unrelated subspaces have on average.
  std::int64_t directions = 0;                ///< k: as asked, at most half of the smaller side.
};

/// @param now A and @param before B, of one shape [rows, columns]. The overlap is absent for a
/// smaller side below 4 or a zero matrix; everything is NaN for non-finite weights. Directions
/// whose singular values are equal can be turned into each other: their overlap alone says little.
/// Sources: block Krylov iteration: Musco and Musco, "Randomized block Krylov methods for stronger
/// and faster approximate SVD", NIPS 2015; subspaces of training: Gur-Ari, Roberts and Dyer,
/// "Gradient descent happens in a tiny subspace", 2018.
/// @throws DataError when shapes differ or are empty; ConfigError. Cost: twice rows · columns ·
/// min.
template <class Scalar>
WeightChange weight_change(const math::MatrixView<Scalar>& now,
                           const math::MatrixView<Scalar>& before,
                           const WeightChangeConfig& config = {});

void to_json(Json& json, const WeightChange& change);

}  // namespace emdyn::probe
