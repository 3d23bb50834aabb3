#include "emdyn/emergence/mirage/sudden_grid.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>

namespace emdyn::emergence::mirage {
namespace {

constexpr std::array kLengths{0.35, 0.6, 1.2};
constexpr std::array kPhis{0.0, 0.5, 0.85};
constexpr std::array kTilts{0.0, -1.0,
                            1.0};  // ln of the noise's deviation at the end over the start.
/// Whitens by the AR(1) noise with deviations d: rows of `matrix` are samples. @return ln|R|.
double whiten(Eigen::MatrixXd& matrix, std::span<const double> deviations, double phi) {
  const auto n = static_cast<Eigen::Index>(deviations.size());
  double log_determinant = 0.0;
  for (Eigen::Index i = 0; i < n; ++i) {
    matrix.row(i) /= deviations[static_cast<std::size_t>(i)];
    log_determinant += 2.0 * std::log(deviations[static_cast<std::size_t>(i)]);
  }
  const double root = std::sqrt(1.0 - phi * phi);
  for (Eigen::Index i = n - 1; i > 0; --i) {
    matrix.row(i) = (matrix.row(i) - phi * matrix.row(i - 1)) / root;
  }
  return log_determinant + static_cast<double>(n - 1) * std::log(1.0 - phi * phi);
}

Eigen::MatrixXd kernel(std::span<const double> u, double length) {
  const auto n = static_cast<Eigen::Index>(u.size());
  Eigen::MatrixXd k(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      const double a = u[static_cast<std::size_t>(i)], b = u[static_cast<std::size_t>(j)];
      k(i, j) =
          4.0 * (a - 0.5) * (b - 0.5) + std::exp(-0.5 * (a - b) * (a - b) / (length * length));
    }
  }
  return k;
}

}  // namespace

std::vector<Setting> settings_for(std::size_t coordinates, std::size_t n, bool errors) {
  std::vector<Setting> settings;
  for (std::size_t c = 0; c < coordinates; ++c) {
    for (const double length : kLengths) {
      for (const double phi : kPhis) {
        // Too few samples to tell wandering from a trend: the strongest memory is left out.
        if (n < 12 && phi > 0.6) continue;
        for (const double tilt : kTilts) {
          if (tilt != 0.0 && n < 12) continue;
          settings.push_back({c, length, phi, tilt, false});
        }
        if (errors) settings.push_back({c, length, phi, 0.0, true});
      }
    }
  }
  return settings;
}

Rotated::Rotated(const Eigen::MatrixXd& values, std::span<const double> u,
                 const Eigen::MatrixXd& bases, std::span<const double> deviations,
                 const Setting& setting)
    : links_(values.cols()) {
  const auto n = static_cast<Eigen::Index>(u.size());
  Eigen::MatrixXd all(n, 1 + values.cols() + bases.cols());
  all << Eigen::VectorXd::Ones(n), values, bases;
  log_noise_ = whiten(all, deviations, setting.phi);
  Eigen::MatrixXd k = kernel(u, setting.length);
  whiten(k, deviations, setting.phi);
  Eigen::MatrixXd turned = k.transpose();
  whiten(turned, deviations, setting.phi);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(0.5 * (turned + turned.transpose()));
  eigenvalues_ = solver.eigenvalues().cwiseMax(0.0);
  const Eigen::MatrixXd rotated = solver.eigenvectors().transpose() * all;
  ones_ = rotated.col(0);
  values_ = rotated.middleCols(1, links_);
  bases_ = rotated.rightCols(bases.cols());
  squares_ = bases_.cwiseProduct(bases_);
}

Projected Rotated::at(double ratio) const {
  const Eigen::VectorXd variance = (1.0 + ratio * eigenvalues_.array()).matrix();
  const Eigen::VectorXd weight = variance.cwiseInverse();
  const Eigen::VectorXd weighted_one = weight.cwiseProduct(ones_);
  const double one = weighted_one.dot(ones_);
  Projected out;
  out.log_determinant = log_noise_ + variance.array().log().sum() + std::log(one);
  const Eigen::VectorXd one_basis = bases_.transpose() * weighted_one;
  const Eigen::VectorXd one_value = values_.transpose() * weighted_one;
  const Eigen::MatrixXd weighted_values = weight.asDiagonal() * values_;
  out.basis_basis = squares_.transpose() * weight - one_basis.cwiseProduct(one_basis) / one;
  out.basis_value = bases_.transpose() * weighted_values - one_basis * one_value.transpose() / one;
  out.value_value = (values_.cwiseProduct(weighted_values)).colwise().sum().transpose() -
                    one_value.cwiseProduct(one_value) / one;
  return out;
}

}  // namespace emdyn::emergence::mirage
