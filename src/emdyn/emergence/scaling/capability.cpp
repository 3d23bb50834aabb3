#include "emdyn/emergence/scaling/capability.hpp"

#include <fmt/format.h>

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::scaling {
namespace {

constexpr int kMostRounds = 200;
constexpr double kSettled = 1e-7;
constexpr double kEdge = 0.005;  // Shares nearer to 0 or 1 say no more than this on few hundred items.

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
      const double value = open_value(data.values(i, m), data.metrics[static_cast<std::size_t>(m)].scale);
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
      out.z(i, m) = out.missing(i, m) || !(deviation > 1e-12) ? 0.0 : (out.z(i, m) - mean) / deviation;
    }
  }
  return out;
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
    throw ConfigError(fmt::format("capability.components must be in [1, {}], got {}", most, components));
  }
  Standardised filled = standardise(data);
  Capability out;
  out.missing = filled.count;
  const auto k = static_cast<Eigen::Index>(components);
  Eigen::BDCSVD<Eigen::MatrixXd> svd;
  for (out.rounds = 1;; ++out.rounds) {
    svd.compute(filled.z, Eigen::ComputeThinU | Eigen::ComputeThinV);
    if (filled.count == 0 || out.rounds == kMostRounds) break;
    // Shrunk by the noise that the other components carry, else imputed cells run away.
    const Eigen::VectorXd values = svd.singularValues();
    const auto rest = values.size() - k;
    const double noise = rest > 0 ? values.tail(rest).squaredNorm() / static_cast<double>(rest) : 0.0;
    const Eigen::VectorXd shrunk = (values.head(k).array().square() - noise).cwiseMax(0.0) / values.head(k).array().max(1e-300);
    const Eigen::MatrixXd fitted = svd.matrixU().leftCols(k) * shrunk.asDiagonal() * svd.matrixV().leftCols(k).transpose();
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
  const Eigen::VectorXd squares = svd.singularValues().array().square();
  const double total = squares.sum();
  out.loadings = svd.matrixV().leftCols(k);
  for (Eigen::Index c = 0; c < k; ++c) {
    if (out.loadings.col(c).sum() < 0.0) out.loadings.col(c) *= -1.0;
  }
  out.scores = filled.z * out.loadings;
  out.explained = squares.head(k) / std::max(total, 1e-300);
  return out;
}

}  // namespace emdyn::emergence::scaling
