#include "emdyn/probe/geometry/weight_change.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/gram.hpp"
#include "emdyn/probe/contract/estimate.hpp"

namespace emdyn::probe {
namespace {

using Eigen::MatrixXd;

constexpr Eigen::Index kOversampling = 8;
constexpr Eigen::Index kPowers = 8;   ///< Blocks of the Krylov space.
constexpr Eigen::Index kSmall = 160;  ///< Up to here the whole decomposition is as cheap.

/// The `count` leading eigenvectors of AᵀA or AAᵀ, whichever is smaller.
template <class Scalar>
MatrixXd leading_directions(const math::MatrixView<Scalar>& view, Eigen::Index count) {
  const math::MatrixView<Scalar> transposed{view.data, view.columns, view.rows, view.column_stride,
                                            view.row_stride};
  const std::vector<double> gram = math::gram(view.rows < view.columns ? transposed : view);
  const auto size = static_cast<Eigen::Index>(std::min(view.rows, view.columns));
  const Eigen::Map<const MatrixXd> symmetric(gram.data(), size, size);
  if (size <= kSmall) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> whole(symmetric);
    return whole.eigenvectors().rightCols(count);
  }
  const Eigen::Index width = count + kOversampling;
  const Eigen::Index blocks = std::min(kPowers, size / width);
  MatrixXd krylov(size, width * blocks);
  Philox random(0);
  for (Eigen::Index j = 0; j < width; ++j) {
    for (Eigen::Index i = 0; i < size; ++i) krylov(i, j) = random.normal();
  }
  const auto orthonormal = [](const MatrixXd& columns) {
    const Eigen::HouseholderQR<MatrixXd> factored(columns);
    return MatrixXd(factored.householderQ() * MatrixXd::Identity(columns.rows(), columns.cols()));
  };
  MatrixXd block = orthonormal(symmetric * krylov.leftCols(width));
  krylov.leftCols(width) = block;
  for (Eigen::Index power = 1; power < blocks; ++power) {
    block = orthonormal(symmetric * block);
    krylov.middleCols(power * width, width) = block;
  }
  const MatrixXd basis = orthonormal(krylov);
  const MatrixXd small = basis.transpose() * (symmetric * basis);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(0.5 * (small + small.transpose()));
  return basis * solver.eigenvectors().rightCols(count);
}

}  // namespace

template <class Scalar>
WeightChange weight_change(const math::MatrixView<Scalar>& now,
                           const math::MatrixView<Scalar>& before,
                           const WeightChangeConfig& config) {
  checked("weight_change", kWeightChangeFields, config);
  if (now.size() == 0 || now.rows != before.rows || now.columns != before.columns) {
    throw DataError(fmt::format("weight change of {} x {} against {} x {}", now.rows, now.columns,
                                before.rows, before.columns));
  }
  double inner = 0.0;
  double square_now = 0.0;
  double square_before = 0.0;
  double square_change = 0.0;
  for (std::size_t i = 0; i < now.rows; ++i) {
    for (std::size_t j = 0; j < now.columns; ++j) {
      const double a = now(i, j);
      const double b = before(i, j);
      inner += a * b;
      square_now += a * a;
      square_before += b * b;
      square_change += (a - b) * (a - b);
    }
  }
  WeightChange change;
  if (!std::isfinite(square_now + square_before)) {
    change.relative = change.cosine = kUndefined;
    return change;
  }
  change.relative = square_change == 0.0 ? 0.0 : std::sqrt(square_change / square_before);
  change.cosine =
      square_now > 0.0 && square_before > 0.0
          ? std::clamp(inner / std::sqrt(square_now) / std::sqrt(square_before), -1.0, 1.0)
          : kUndefined;
  const auto smaller = static_cast<std::int64_t>(std::min(now.rows, now.columns));
  if (smaller < 4 || !(square_now > 0.0) || !(square_before > 0.0)) return change;
  change.directions = std::min(config.directions, smaller / 2);
  const MatrixXd u = leading_directions(now, change.directions);
  const MatrixXd v = leading_directions(before, change.directions);
  const auto k = static_cast<double>(change.directions);
  change.subspace_overlap = std::min(1.0, (u.transpose() * v).squaredNorm() / k);
  change.overlap_by_chance = k / static_cast<double>(smaller);
  return change;
}

void to_json(Json& json, const WeightChange& change) {
  json = Json{{"relative", number_or_null(change.relative)},
              {"cosine", number_or_null(change.cosine)},
              {"subspace_overlap", number_or_null(change.subspace_overlap)},
              {"overlap_by_chance", number_or_null(change.overlap_by_chance)},
              {"directions", change.directions}};
}

template WeightChange weight_change(const math::MatrixView<float>&, const math::MatrixView<float>&,
                                    const WeightChangeConfig&);
template WeightChange weight_change(const math::MatrixView<double>&,
                                    const math::MatrixView<double>&, const WeightChangeConfig&);

}  // namespace emdyn::probe
