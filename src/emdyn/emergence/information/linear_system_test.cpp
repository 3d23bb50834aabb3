#include "emdyn/emergence/information/linear_system.hpp"

#include <gtest/gtest.h>

#include <Eigen/QR>
#include <cmath>
#include <tuple>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/dynamical_independence.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

/// The one-step error of y alone from its autocovariances, by Durbin and Levinson: another road to
/// the same number.
double error_from_autocovariances(const VectorAutoregression& system, Eigen::Index y) {
  const Eigen::MatrixXd a = system.coefficients[0];
  Eigen::MatrixXd covariance = system.residual;
  for (Eigen::MatrixXd term = system.residual; term.norm() > 1e-18;) {
    term = a * term * a.transpose();
    covariance += term;
  }
  constexpr std::size_t kOrder = 200;
  std::vector<double> lagged;
  for (Eigen::MatrixXd at = covariance; lagged.size() <= kOrder; at = a * at) {
    lagged.push_back(at(y, y));
  }
  std::vector<double> weights;
  double error = lagged[0];
  for (std::size_t order = 1; order <= kOrder; ++order) {
    double rest = lagged[order];
    for (std::size_t j = 0; j < weights.size(); ++j) rest -= weights[j] * lagged[order - 1 - j];
    const double reflection = rest / error;
    std::vector<double> next = weights;
    for (std::size_t j = 0; j < weights.size(); ++j) {
      next[j] -= reflection * weights[weights.size() - 1 - j];
    }
    next.push_back(reflection);
    weights = next;
    error *= 1.0 - reflection * reflection;
  }
  return error;
}

TEST(LinearSystem, TransferEntropyInClosedForm) {
  // y_t = c·x_(t−1) + f with white x: alone it is white with variance 1 + c².
  const VectorAutoregression white = driven_pair(0.0, 0.0, 0.7);
  EXPECT_NEAR(transfer_entropy_of(white, {1}), 0.5 * std::log(1.49), 1e-12);
  EXPECT_NEAR(transfer_entropy_of(white, {0}), 0.0, 1e-12);
  for (const auto& [a, b, c] : {std::tuple{0.9, 0.5, 0.4}, {-0.6, 0.8, 1.5}, {0.95, 0.95, 0.1}}) {
    const VectorAutoregression system = driven_pair(a, b, c);
    EXPECT_NEAR(transfer_entropy_of(system, {1}),
                0.5 * std::log(error_from_autocovariances(system, 1)), 1e-9);
    EXPECT_NEAR(transfer_entropy_of(system, {0}), 0.0, 1e-9);
  }
}

TEST(LinearSystem, FitFindsTheSystem) {
  VectorAutoregression system = driven_pair(0.5, 0.3, 0.4);
  Eigen::MatrixXd second(2, 2);
  second << 0.2, 0.0, 0.0, 0.3;
  system.coefficients.push_back(second);
  const VectorAutoregression fitted = fit_vector_autoregression(path_of(system, 5000, 1), 5);
  ASSERT_EQ(fitted.coefficients.size(), 2U);
  EXPECT_LT((fitted.coefficients[0] - system.coefficients[0]).cwiseAbs().maxCoeff(), 0.05);
  EXPECT_LT((fitted.coefficients[1] - system.coefficients[1]).cwiseAbs().maxCoeff(), 0.05);
  EXPECT_LT((fitted.residual - system.residual).cwiseAbs().maxCoeff(), 0.06);
  EXPECT_NEAR(transfer_entropy_of(fitted, {1}), transfer_entropy_of(system, {1}), 0.02);
}

/// A process of its own laws, hidden by a rotation among `size` signals; the others follow it and
/// each other over two lags, so that nothing else is independent.
VectorAutoregression hidden_macro(Eigen::Index size, Eigen::MatrixXd& macro) {
  const Eigen::MatrixXd q =
      Eigen::HouseholderQR<Eigen::MatrixXd>(noise(size, size, 9)).householderQ();
  VectorAutoregression system;
  for (std::uint64_t lag = 1; lag <= 2; ++lag) {
    Eigen::MatrixXd block = 0.12 * noise(size, size, 20 + lag);
    block.row(0).setZero();
    block(0, 0) = lag == 1 ? 0.6 : 0.2;
    system.coefficients.push_back(q * block * q.transpose());
  }
  system.residual = Eigen::MatrixXd::Identity(size, size);
  macro = q.col(0).transpose();
  return system;
}

TEST(DynamicalIndependence, FindsTheHiddenMacro) {
  Eigen::MatrixXd macro;
  const VectorAutoregression system = hidden_macro(5, macro);
  ASSERT_LT(system.spectral_radius(), 1.0);
  EXPECT_NEAR(dynamical_dependence(system, macro), 0.0, 1e-9);
  EXPECT_NEAR(dynamical_dependence(system, -3.0 * macro), 0.0, 1e-9);
  const Eigen::MatrixXd single = Eigen::MatrixXd::Identity(1, 5);
  EXPECT_GT(dynamical_dependence(system, single), 0.005);
  const MacroVariable found = least_dependent(system, 1);
  EXPECT_LT(found.dependence, 1e-6);
  EXPECT_NEAR(std::fabs((found.projection * macro.transpose())(0, 0)), 1.0, 1e-3);
  EXPECT_NEAR(dynamical_dependence(system, found.projection), found.dependence, 1e-9);
  const ThreadLimit one(1);
  EXPECT_EQ(least_dependent(system, 1).projection, found.projection);
}

TEST(DynamicalIndependence, LeftEigenvectorsOfOneLag) {
  // With one lag Y = lᵀx is a process of its own for every left eigenvector l, whatever the noise.
  VectorAutoregression system = driven_pair(0.7, 0.3, 0.5);
  system.residual << 2.0, 0.3, 0.3, 1.0;
  const MacroVariable found = least_dependent(system, 1);
  EXPECT_LT(found.dependence, 1e-8);
  const Eigen::MatrixXd next = found.projection * system.coefficients[0];
  EXPECT_NEAR(next(0, 0) * found.projection(0, 1), next(0, 1) * found.projection(0, 0), 1e-4);
}

TEST(DynamicalIndependence, AlongScale) {
  Eigen::MatrixXd macro;
  IndependenceOptions options;
  options.starts = 6;
  const std::vector<MacroVariable> scales = dependence_along_scale(hidden_macro(4, macro), options);
  ASSERT_EQ(scales.size(), 3U);
  EXPECT_LT(scales[0].dependence, 1e-6);
  for (std::size_t m = 0; m < 3; ++m) {
    EXPECT_EQ(scales[m].projection.rows(), static_cast<Eigen::Index>(m + 1));
    EXPECT_GE(scales[m].dependence, 0.0);
  }
}

TEST(LinearSystem, Rejected) {
  EXPECT_THROW(fit_vector_autoregression(noise(15, 2, 1), 2), DataError);
  EXPECT_THROW(fit_vector_autoregression(noise(100, 2, 1), 0), ConfigError);
  EXPECT_THROW(transfer_entropy_of(driven_pair(1.0, 0.1, 0.1), {1}), DataError);
  EXPECT_THROW(transfer_entropy_of(driven_pair(0.5, 0.1, 0.1), {2}), DataError);
  EXPECT_THROW(transfer_entropy_of(driven_pair(0.5, 0.1, 0.1), {}), DataError);
  EXPECT_THROW(transfer_entropy_of(VectorAutoregression{}, {0}), DataError);
  const VectorAutoregression system = driven_pair(0.5, 0.1, 0.1);
  EXPECT_THROW(innovations_of(system, Eigen::MatrixXd::Zero(1, 2)), DataError);
  EXPECT_THROW(innovations_of(system, Eigen::MatrixXd::Ones(1, 3)), DataError);
  EXPECT_THROW(least_dependent(system, 0), DataError);
  EXPECT_THROW(least_dependent(system, 2), DataError);
  IndependenceOptions options;
  options.starts = 0;
  EXPECT_THROW(least_dependent(system, 1, options), ConfigError);
}

}  // namespace
}  // namespace emdyn::emergence::information
