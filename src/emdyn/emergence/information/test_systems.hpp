#pragma once
#include <Eigen/Cholesky>
#include <cstdint>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/linear_system.hpp"
#include "emdyn/emergence/information/signals.hpp"

/// Signals and systems whose answers are known, for the tests of this folder.
namespace emdyn::emergence::information {

/// Independent standard normal columns.
inline Signals noise(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  Philox random(seed, 0x7e57);
  Signals signals(rows, columns);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < columns; ++j) signals(i, j) = random.normal();
  }
  return signals;
}

/// Unit variances, every correlation `rho`.
inline Eigen::MatrixXd equicorrelated(std::int64_t size, double rho) {
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Constant(size, size, rho);
  matrix.diagonal().setOnes();
  return matrix;
}

/// A random covariance without structure.
inline Eigen::MatrixXd random_covariance(std::int64_t size, std::uint64_t seed) {
  const Signals rows = noise(3 * size, size, seed);
  return rows.transpose() * rows / static_cast<double>(3 * size);
}

/// Rows of a Gaussian with this covariance.
inline Signals gaussian_rows(const Eigen::MatrixXd& covariance, std::int64_t rows,
                             std::uint64_t seed) {
  const Eigen::MatrixXd lower = covariance.llt().matrixL();
  return noise(rows, covariance.rows(), seed) * lower.transpose();
}

/// y follows x: x_t = a·x_(t−1) + e, y_t = b·y_(t−1) + c·x_(t−1) + f, unit noises.
inline VectorAutoregression driven_pair(double a, double b, double c) {
  VectorAutoregression system;
  Eigen::MatrixXd block = Eigen::MatrixXd::Zero(2, 2);
  block(0, 0) = a;
  block(1, 0) = c;
  block(1, 1) = b;
  system.coefficients.push_back(block);
  system.residual = Eigen::MatrixXd::Identity(2, 2);
  return system;
}

/// A path of a system with independent residuals of unit variance, after a run-in.
inline Signals path_of(const VectorAutoregression& system, std::int64_t rows, std::uint64_t seed) {
  constexpr std::int64_t kRunIn = 200;
  Signals path = noise(rows + kRunIn, system.signals(), seed);
  for (Eigen::Index t = 0; t < path.rows(); ++t) {
    for (std::size_t k = 0; k < system.coefficients.size(); ++k) {
      const auto back = static_cast<Eigen::Index>(k) + 1;
      if (t >= back) path.row(t) += path.row(t - back) * system.coefficients[k].transpose();
    }
  }
  return path.bottomRows(rows);
}

}  // namespace emdyn::emergence::information
