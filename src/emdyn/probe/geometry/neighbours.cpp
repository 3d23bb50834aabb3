#include "emdyn/probe/geometry/neighbours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"

namespace emdyn::probe {
namespace {

/// Row-major copy of distinct points.
struct Points {
  std::size_t count = 0;
  std::size_t width = 0;
  std::vector<double> values{};
  std::span<const double> row(std::size_t i) const { return {values.data() + i * width, width}; }
};

template <class Scalar>
Points finite_points(const math::MatrixView<Scalar>& view) {
  Points all{view.rows, view.columns, std::vector<double>(view.size())};
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) {
      const double value = view(i, j);
      if (!std::isfinite(value)) {
        throw DataError(fmt::format("intrinsic dimension: point {} is not finite", i));
      }
      all.values[i * all.width + j] = value;
    }
  }
  return all;
}

Points distinct(const Points& all) {
  std::vector<std::size_t> order(all.count);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const auto compared = std::lexicographical_compare_three_way(
        all.row(a).begin(), all.row(a).end(), all.row(b).begin(), all.row(b).end());
    return compared == 0 ? a < b : compared < 0;
  });
  std::vector<unsigned char> keep(all.count, 1);
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (std::ranges::equal(all.row(order[i]), all.row(order[i - 1]))) keep[order[i]] = 0;
  }
  Points kept{0, all.width, {}};
  for (std::size_t i = 0; i < all.count; ++i) {
    if (keep[i] == 0) continue;
    kept.values.insert(kept.values.end(), all.row(i).begin(), all.row(i).end());
    ++kept.count;
  }
  return kept;
}

double squared_distance(std::span<const double> a, std::span<const double> b) noexcept {
  double sum[4] = {};  // Four sums: one alone would wait for every addition.
  std::size_t j = 0;
  for (; j + 4 <= a.size(); j += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const double difference = a[j + lane] - b[j + lane];
      sum[lane] += difference * difference;
    }
  }
  for (; j < a.size(); ++j) sum[0] += (a[j] - b[j]) * (a[j] - b[j]);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

}  // namespace

template <class Scalar>
NeighbourLists nearest_neighbours(const math::MatrixView<Scalar>& view, std::size_t k) {
  const Points points = distinct(finite_points(view));
  if (points.count < k + 1) {
    throw DataError(fmt::format("intrinsic dimension needs at least {} distinct points, got {}",
                                k + 1, points.count));
  }
  if (points.count > std::numeric_limits<std::uint32_t>::max())
    throw DataError("intrinsic dimension: more than 4,294,967,295 points");
  NeighbourLists found{points.count, k, std::vector<double>(points.count * k),
                       std::vector<std::uint32_t>(points.count * k), view.rows - points.count};
  parallel_for(points.count, [&](std::size_t i) {
    std::vector<std::pair<double, std::uint32_t>> candidates;
    candidates.reserve(points.count - 1);
    for (std::size_t j = 0; j < points.count; ++j) {
      if (j == i) continue;
      candidates.emplace_back(squared_distance(points.row(i), points.row(j)),
                              static_cast<std::uint32_t>(j));
    }
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(k),
                      candidates.end());
    for (std::size_t j = 0; j < k; ++j) {
      found.distances[i * k + j] = std::sqrt(candidates[j].first);
      found.indices[i * k + j] = candidates[j].second;
    }
  });
  return found;
}

double linked_deviation(const NeighbourLists& neighbours, const std::vector<double>& scores) {
  const auto row = [&](std::size_t i) {
    return std::span(neighbours.indices).subspan(i * neighbours.k, neighbours.k);
  };
  double alone = 0.0;
  double linked = 0.0;
  for (std::size_t i = 0; i < neighbours.points; ++i) {
    alone += scores[i] * scores[i];
    for (const std::uint32_t j : row(i)) {
      // A mutual pair is met twice and counts twice; a one-sided link stands for both orders.
      const bool mutual = std::ranges::find(row(j), static_cast<std::uint32_t>(i)) != row(j).end();
      linked += (mutual ? 1.0 : 2.0) * scores[i] * scores[j];
    }
  }
  return std::sqrt(alone + std::max(0.0, linked));
}

template NeighbourLists nearest_neighbours(const math::MatrixView<float>&, std::size_t);
template NeighbourLists nearest_neighbours(const math::MatrixView<double>&, std::size_t);

}  // namespace emdyn::probe
