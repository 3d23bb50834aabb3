#include "emdyn/model/lab/dynamics/polynomial.hpp"

#include <Eigen/Dense>
#include <cmath>

namespace emdyn::model::lab::dynamics {

std::optional<PolynomialFit> fit_polynomial(std::span<const double> x, std::span<const double> y,
                                            std::size_t degree) {
  if (x.size() < degree + 2) return std::nullopt;
  const auto rows = static_cast<Eigen::Index>(x.size());
  const auto columns = static_cast<Eigen::Index>(degree + 1);
  Eigen::MatrixXd powers(rows, columns);
  Eigen::VectorXd values(rows);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    values(i) = y[at];
    for (Eigen::Index k = 0; k < columns; ++k)
      powers(i, k) = std::pow(x[at], static_cast<double>(k));
  }
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(powers);
  if (qr.rank() < columns) return std::nullopt;
  const Eigen::VectorXd fitted = qr.solve(values);
  const double squares = (values - powers * fitted).squaredNorm();
  const Eigen::MatrixXd covariance =
      (powers.transpose() * powers).inverse() * squares / static_cast<double>(rows - columns);
  PolynomialFit fit;
  for (Eigen::Index k = 0; k < columns; ++k) {
    fit.coefficients.push_back(fitted(k));
    fit.errors.push_back(std::sqrt(std::max(covariance(k, k), 0.0)));
  }
  return fit;
}

}  // namespace emdyn::model::lab::dynamics
