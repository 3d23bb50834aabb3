#include "emdyn/math/distributions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emdyn/math/non_finite.hpp"

/// References: mpmath with 40 digits, and scipy where the test says so.
namespace emdyn::math {
namespace {

void expect_relative(double got, double want, double tolerance = 1e-13) {
  EXPECT_NEAR(got, want, tolerance * std::fabs(want));
}

TEST(Normal, TailsKeepTheirDigits) {
  expect_relative(two_sided_normal(1), 0.31731050786291410283);
  expect_relative(two_sided_normal(3), 0.0026997960632601890533);
  expect_relative(two_sided_normal(-5), 5.7330314375838782335e-7);
  expect_relative(two_sided_normal(20), 5.5072482372124673902e-89);
  expect_relative(two_sided_normal(37), 1.1451142445049153645e-299, 1e-12);
  // 7.3e-350 is no double: its logarithm is.
  expect_relative(log_two_sided_normal(40), std::log(7.3117870818300594075) - 350 * std::log(10.0));
  expect_relative(normal_log_sf(5), -15.064998393988725736);
  expect_relative(normal_log_sf(40), -804.60844201375378817);
  expect_relative(normal_log_sf(100), -5005.5242086942050886);
  expect_relative(normal_log_sf(1e5), -5000000012.4318639983);
  EXPECT_EQ(normal_log_sf(kInfinity), -kInfinity);
  EXPECT_EQ(normal_log_sf(-kInfinity), 0.0);
  expect_relative(normal_log_sf(29.999999), normal_log_sf(30.000001), 1e-6);
}

TEST(Normal, QuantilesInvert) {
  for (double k = -8.0; k <= 8.0; k += 0.37) {
    EXPECT_NEAR(normal_quantile(normal_cdf(k)), k, k > 5 ? 1e-2 : 1e-8);
    EXPECT_NEAR(normal_isf(normal_sf(k)), k, k < -5 ? 1e-2 : 1e-8);
    EXPECT_NEAR(normal_cdf(k) + normal_sf(k), 1.0, 1e-15);
  }
  expect_relative(normal_isf(1e-30), 11.464024688443613);  // scipy
  EXPECT_EQ(normal_quantile(0.0), -kInfinity);
  EXPECT_EQ(normal_quantile(1.0), kInfinity);
  EXPECT_EQ(normal_quantile(0.5), 0.0);
  expect_relative(normal_pdf(0.0), 0.3989422804014326779);
}

TEST(StudentT, KnownTails) {
  expect_relative(student_t_sf(2, 3), 0.069662984279421588424);
  expect_relative(student_t_sf(10, 5), 0.000085473787871481795353);
  expect_relative(student_t_sf(1e3, 2.5), 2.2747463948307451869e-8);
  expect_relative(student_t_sf(40, 100), 1.2310538010700354086e-63, 1e-11);
  expect_relative(student_t_sf(0.1, 7), 0.46157402980239619256);
  expect_relative(student_t_log_sf(1e3, 1000), -3458.7499570780993334);
  expect_relative(student_t_log_sf(2, 3), -2.6640861743156114582);
  expect_relative(student_t_isf(1e-12, 4), 1316.0727465592565, 1e-11);  // scipy
  expect_relative(student_t_pdf(0.0, 1.0), 0.31830988618379067154);     // Cauchy: 1/π
  expect_relative(two_sided_student_t(-2, 3), 2 * 0.069662984279421588424);
}

TEST(StudentT, SymmetryLimitAndInverse) {
  for (double t = 0.1; t < 20; t *= 1.7) {
    for (const double freedom : {1.0, 2.5, 9.0, 300.0}) {
      EXPECT_NEAR(student_t_cdf(-t, freedom), student_t_sf(t, freedom), 1e-16);
      EXPECT_NEAR(student_t_cdf(t, freedom) + student_t_sf(t, freedom), 1.0, 1e-14);
      expect_relative(student_t_isf(student_t_sf(t, freedom), freedom), t, 1e-9);
    }
    expect_relative(student_t_sf(t, kInfinity), normal_sf(t));
  }
  EXPECT_EQ(student_t_sf(kInfinity, 3), 0.0);
  EXPECT_NEAR(student_t_sf(2.0, 1e7), normal_sf(2.0), 1e-7);
  EXPECT_NEAR(student_t_log_sf(1e151, 4),
              student_t_log_sf(0.9e150, 4) - 4 * std::log(1e151 / .9e150), 1e-6);
}

TEST(ChiSquared, KnownTails) {
  expect_relative(chi_squared_sf(10, 4), 0.04042768199451280258);
  expect_relative(chi_squared_sf(100, 3), 1.5541594313896049214e-21);
  expect_relative(chi_squared_log_sf(2000, 10), -975.54302871710205119);
  expect_relative(chi_squared_log_sf(5000, 2), -2500.0);
  expect_relative(chi_squared_quantile(0.95, 5), 11.070497693516351);  // scipy
  expect_relative(chi_squared_isf(0.05, 1), 3.841458820694124, 1e-12);
  EXPECT_NEAR(chi_squared_cdf(3, 2), 1 - std::exp(-1.5), 1e-15);
  EXPECT_EQ(chi_squared_sf(-1, 3), 1.0);
}

TEST(OtherDistributions, AgreeWithScipy) {
  expect_relative(gamma_isf(1e-12, 2.5, 3.0), 97.85795432005176, 1e-12);
  expect_relative(gamma_sf(2.0, 1.0, 4.0), std::exp(-0.5));
  expect_relative(gamma_log_sf(4000.0, 1.0, 1.0), -4000.0);
  expect_relative(beta_cdf(0.3, 2, 5), 0.5798250000000003);
  expect_relative(beta_quantile(0.5798250000000003, 2, 5), 0.3, 1e-12);
  expect_relative(fisher_f_sf(3.2, 4, 10), 0.06178892552964908, 1e-12);
  EXPECT_NEAR(fisher_f_cdf(3.2, 4, 10) + fisher_f_sf(3.2, 4, 10), 1.0, 1e-14);
  expect_relative(poisson_sf(7, 3.5), 0.026738922091319697, 1e-12);
  EXPECT_NEAR(poisson_cdf(0, 2.0), std::exp(-2.0), 1e-15);
  expect_relative(binomial_cdf(3, 10, 0.4), 0.3822806015999999, 1e-12);
  EXPECT_NEAR(binomial_cdf(3, 10, 0.4) + binomial_sf(3, 10, 0.4), 1.0, 1e-14);
  EXPECT_EQ(binomial_cdf(10, 10, 0.4), 1.0);
  expect_relative(kolmogorov_sf(0.5), 0.9639452436648751);
  expect_relative(kolmogorov_sf(1.0), 0.26999967167735456);
  expect_relative(kolmogorov_sf(1.36), 0.049485876755377876);
  expect_relative(kolmogorov_sf(3.0), 3.045995948942526e-08);
}

TEST(Distributions, BadParametersGiveNan) {
  const double nan = std::nan("");
  for (const double bad :
       {student_t_sf(1, 0), student_t_sf(nan, 3), student_t_isf(1.5, 3), normal_quantile(-0.1),
        normal_isf(nan), chi_squared_sf(1, -2), chi_squared_quantile(2, 3), gamma_sf(1, 1, 0),
        beta_cdf(0.5, -1, 1), fisher_f_sf(1, 0, 3), poisson_cdf(1, -1), binomial_sf(1, 4, 1.5),
        kolmogorov_sf(nan), two_sided_normal(nan), normal_log_sf(nan), chi_squared_log_sf(nan, 2),
        student_t_pdf(0, -1)}) {
    EXPECT_TRUE(std::isnan(bad));
  }
}

}  // namespace
}  // namespace emdyn::math
