#include "emdyn/probe/geometry/intrinsic_dimension.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/geometry/neighbours.hpp"

namespace emdyn::probe {
namespace {

/// The estimate of an exponential rate from `terms` uncensored observations of total `sum`, with
/// the deviation of Σ(terms of a point − rate · its share of the sum).
IntrinsicDimension rate(const NeighbourLists& neighbours, double terms, double sum,
                        const std::vector<double>& events, const std::vector<double>& exposures) {
  if (!(sum > 0.0)) {
    throw DataError(
        "intrinsic dimension: all neighbours are equally far, as on a lattice; the ratios of "
        "distances say nothing");
  }
  const double plain = terms / sum;
  std::vector<double> scores(events.size());
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = events[i] - plain * exposures[i];
  const double dimension = (terms - 1.0) / sum;  // One less removes the bias of the inverse.
  return {{dimension, dimension * linked_deviation(neighbours, scores) / terms},
          neighbours.points,
          neighbours.duplicates};
}

}  // namespace

template <class Scalar>
IntrinsicDimension two_nn(const math::MatrixView<Scalar>& points, const TwoNnConfig& config) {
  checked("two_nn", kTwoNnFields, config);
  const NeighbourLists neighbours = nearest_neighbours(points, 2);
  std::vector<double> exposures(neighbours.points);
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    exposures[i] = std::log(neighbours.distances[2 * i + 1] / neighbours.distances[2 * i]);
  }
  std::vector<double> sorted = exposures;
  std::ranges::sort(sorted);
  const double share = (1.0 - config.discard) * static_cast<double>(sorted.size());
  const auto kept =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(share)), 2, sorted.size());
  const double limit = sorted[kept - 1];
  std::vector<double> events(exposures.size());
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    events[i] = exposures[i] <= limit ? 1.0 : 0.0;
    exposures[i] = std::min(exposures[i], limit);
  }
  const double terms = std::accumulate(events.begin(), events.end(), 0.0);
  const double sum = std::accumulate(exposures.begin(), exposures.end(), 0.0);
  return rate(neighbours, terms, sum, events, exposures);
}

template <class Scalar>
IntrinsicDimension levina_bickel(const math::MatrixView<Scalar>& points,
                                 const LevinaBickelConfig& config) {
  checked("levina_bickel", kLevinaBickelFields, config);
  const auto k = static_cast<std::size_t>(config.neighbours);
  const NeighbourLists neighbours = nearest_neighbours(points, k);
  const auto per_point = static_cast<double>(k - 1);
  std::vector<double> exposures(neighbours.points, 0.0);
  for (std::size_t i = 0; i < neighbours.points; ++i) {
    const double* distances = neighbours.distances.data() + i * k;
    for (std::size_t j = 0; j + 1 < k; ++j) {
      exposures[i] += std::log(distances[k - 1] / distances[j]);
    }
  }
  const double sum = std::accumulate(exposures.begin(), exposures.end(), 0.0);
  return rate(neighbours, per_point * static_cast<double>(neighbours.points), sum,
              std::vector<double>(neighbours.points, per_point), exposures);
}

void to_json(Json& json, const IntrinsicDimension& dimension) {
  json = Json{{"dimension", dimension.dimension},
              {"points", dimension.points},
              {"duplicates", dimension.duplicates}};
}

template IntrinsicDimension two_nn(const math::MatrixView<float>&, const TwoNnConfig&);
template IntrinsicDimension two_nn(const math::MatrixView<double>&, const TwoNnConfig&);
template IntrinsicDimension levina_bickel(const math::MatrixView<float>&,
                                          const LevinaBickelConfig&);
template IntrinsicDimension levina_bickel(const math::MatrixView<double>&,
                                          const LevinaBickelConfig&);

}  // namespace emdyn::probe
