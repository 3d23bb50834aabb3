#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "emdyn/math/matrix_view.hpp"

namespace emdyn::probe {

/// The k nearest other points of every point.
struct NeighbourLists {
  std::size_t points = 0;
  std::size_t k = 0;
  std::vector<double> distances{};       ///< [points, k], ascending in a row; Euclidean, all > 0.
  std::vector<std::uint32_t> indices{};  ///< [points, k], among the kept points.
  std::size_t duplicates = 0;            ///< Points left out because an earlier one is equal.
};

/// By brute force, which in the many dimensions of activations is what a tree comes down to; ties
/// by index. Repeated points are kept once: a distance of 0 has no logarithm.
/// @param points [sample, coordinate]. @param k at least 1.
/// @throws DataError for non-finite coordinates or fewer than k + 1 distinct points.
/// Cost: points² · coordinates, in parallel.
template <class Scalar>
NeighbourLists nearest_neighbours(const math::MatrixView<Scalar>& points, std::size_t k);

/// Standard error of Σscore over points that are dependent only where one is a neighbour of the
/// other: √Σᵢ(sᵢ² + Σ_{j linked to i} sᵢsⱼ), and never below that of independent scores.
/// @param scores one a point, of mean about 0.
double linked_deviation(const NeighbourLists& neighbours, const std::vector<double>& scores);

}  // namespace emdyn::probe
