#include "emdyn/emergence/transition/student_noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/transition/monotone_fit.hpp"

namespace emdyn::emergence {
namespace {

Eigen::MatrixXd line_design(Eigen::Index n) {
  Eigen::MatrixXd design(n, 2);
  design.col(0).setOnes();
  design.col(1) = Eigen::VectorXd::LinSpaced(n, 0.0, 1.0);
  return design;
}

TEST(StudentNoise, OutliersMoveNothing) {
  Philox random(1);
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(2.0 + 3.0 * i / 199.0 + 0.1 * random.normal());
  const StudentFit clean = fit_student(line_design(200), values, 0.0);
  EXPECT_EQ(clean.freedom, kGaussianFreedom);
  EXPECT_NEAR(clean.coefficients(1), 3.0, 0.1);
  EXPECT_LT(clean.gaussian_excess, 6.0);
  values[40] = 60.0;
  values[150] = -70.0;
  const StudentFit robust = fit_student(line_design(200), values, 0.0);
  EXPECT_LT(robust.freedom, 5.0);
  EXPECT_NEAR(robust.coefficients(0), 2.0, 0.1);
  EXPECT_NEAR(robust.coefficients(1), 3.0, 0.15);
  EXPECT_GT(robust.gaussian_excess, 100.0);
}

TEST(StudentNoise, AutocorrelationIsFound) {
  Philox random(2);
  std::vector<double> values;
  double state = 0.0;
  for (int i = 0; i < 600; ++i) {
    double square = 0.0;
    for (int k = 0; k < 3; ++k) square += std::pow(random.normal(), 2);
    state = 0.8 * state + random.normal() / std::sqrt(square / 3.0);
    values.push_back(state);
  }
  const StudentFit fit = fit_student(line_design(600), values, 0.0);
  EXPECT_NEAR(fit.phi, 0.8, 0.06);
  EXPECT_LE(fit.freedom, 4.0);
}

TEST(MonotoneFit, NonnegativeLeastSquaresKnownAnswer) {
  // min |x - (1, -2)|²: the second stays 0.
  const Eigen::MatrixXd gram = Eigen::MatrixXd::Identity(2, 2);
  const Eigen::VectorXd x = nonnegative_least_squares(gram, Eigen::Vector2d(1.0, -2.0));
  EXPECT_NEAR(x(0), 1.0, 1e-9);
  EXPECT_DOUBLE_EQ(x(1), 0.0);
}

TEST(MonotoneFit, FindsTheOnsetOfAnAbruptRelaxation) {
  std::vector<double> u, values;
  for (int i = 0; i < 300; ++i) {
    u.push_back(i / 299.0);
    values.push_back(1.0 - std::exp(-std::max(0.0, u.back() - 0.5) / 0.066));
  }
  const MonotoneFit fit(u, 0.49, 0.63, true);
  ASSERT_TRUE(fit.usable());
  const auto result = fit(values, 0.0);
  EXPECT_NEAR(result.onset, 0.5 - 0.066 * std::log(0.9), 0.002);
  for (std::size_t i = 1; i < values.size(); ++i)
    EXPECT_GE(result.fitted[i], result.fitted[i - 1] - 1e-12);
}

}  // namespace
}  // namespace emdyn::emergence
