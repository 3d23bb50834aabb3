#include "emdyn/emergence/scaling/capability.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::scaling {
namespace {

constexpr int kMostRounds = 200;
constexpr double kSettled = 1e-7;
constexpr double kEdge =
    0.005;  // Shares nearer to 0 or 1 say no more than this on few hundred items.

struct Standardised {
  Eigen::MatrixXd z;
  Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic> missing;
  std::size_t count = 0;
};

Standardised standardise(const ScaleData& data) {
  const auto rows = data.values.rows(), columns = data.values.cols();
  Standardised out{Eigen::MatrixXd::Zero(rows, columns), {}, 0};
  out.missing.setConstant(rows, columns, false);
  for (Eigen::Index m = 0; m < columns; ++m) {
    double n = 0, sum = 0, squares = 0;
    for (Eigen::Index i = 0; i < rows; ++i) {
      const double value =
          open_value(data.values(i, m), data.metrics[static_cast<std::size_t>(m)].scale);
      out.missing(i, m) = !std::isfinite(value);
      if (out.missing(i, m)) {
        ++out.count;
        continue;
      }
      out.z(i, m) = value;
      n += 1;
      sum += value;
    }
    const double mean = n > 0 ? sum / n : 0.0;
    for (Eigen::Index i = 0; i < rows; ++i) {
      if (!out.missing(i, m)) squares += std::pow(out.z(i, m) - mean, 2);
    }
    const double deviation = n > 0 ? std::sqrt(squares / n) : 0.0;
    for (Eigen::Index i = 0; i < rows; ++i) {
      out.z(i, m) =
          out.missing(i, m) || !(deviation > 1e-12) ? 0.0 : (out.z(i, m) - mean) / deviation;
    }
  }
  return out;
}

/// Squared singular values, the largest first, and their right singular vectors.
struct Axes {
  Eigen::VectorXd squares;
  Eigen::MatrixXd directions;
};
/// Of the few hundred metrics at most, so the Gram matrix is exact enough.
Axes axes_of(const Eigen::MatrixXd& z) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(Eigen::MatrixXd(z.transpose() * z));
  // Beyond the rank of the matrix eigenvalues are rounding.
  const auto rank = std::min(z.rows(), z.cols());
  return {solver.eigenvalues().reverse().head(rank).cwiseMax(0.0),
          solver.eigenvectors().rowwise().reverse().leftCols(rank)};
}

}  // namespace

double open_value(double value, MetricScale scale) noexcept {
  if (scale == MetricScale::loss) return -std::log(value);
  if (scale == MetricScale::free) return value;
  const double inside = std::clamp(value, kEdge, 1.0 - kEdge);
  return std::isfinite(value) ? std::log(inside / (1.0 - inside)) : value;
}

Capability capability(const ScaleData& data, int components) {
  const auto most = std::min(data.values.rows(), data.values.cols());
  if (most == 0) throw DataError("capability: there are no models or no metrics");
  if (components < 1 || components > most) {
    throw ConfigError(
        fmt::format("capability.components must be in [1, {}], got {}", most, components));
  }
  Standardised filled = standardise(data);
  Capability out;
  out.missing = filled.count;
  const auto k = static_cast<Eigen::Index>(components);
  Axes axes;
  for (out.rounds = 1;; ++out.rounds) {
    axes = axes_of(filled.z);
    if (filled.count == 0 || out.rounds == kMostRounds) break;
    // Shrunk by the noise that the other components carry, else imputed cells run away.
    const auto rest = axes.squares.size() - k;
    const double noise = rest > 0 ? axes.squares.tail(rest).sum() / static_cast<double>(rest) : 0.0;
    const Eigen::VectorXd kept = ((axes.squares.head(k).array() - noise).cwiseMax(0.0) /
                                  axes.squares.head(k).array().max(1e-300))
                                     .matrix();
    const Eigen::MatrixXd directions = axes.directions.leftCols(k);
    const Eigen::MatrixXd fitted =
        filled.z * directions * kept.asDiagonal() * directions.transpose();
    double moved = 0.0;
    for (Eigen::Index m = 0; m < filled.z.cols(); ++m) {
      for (Eigen::Index i = 0; i < filled.z.rows(); ++i) {
        if (!filled.missing(i, m)) continue;
        moved = std::max(moved, std::abs(fitted(i, m) - filled.z(i, m)));
        filled.z(i, m) = fitted(i, m);
      }
    }
    if (moved < kSettled) break;
  }
  const double total = axes.squares.sum();
  out.loadings = axes.directions.leftCols(k);
  for (Eigen::Index c = 0; c < k; ++c) {
    if (out.loadings.col(c).sum() < 0.0) out.loadings.col(c) *= -1.0;
  }
  out.scores = filled.z * out.loadings;
  out.explained = axes.squares.head(k) / std::max(total, 1e-300);
  return out;
}

}  // namespace emdyn::emergence::scaling
