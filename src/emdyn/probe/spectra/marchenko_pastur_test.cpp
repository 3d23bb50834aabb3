#include "emdyn/probe/spectra/marchenko_pastur.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

MarchenkoPasturFit fit_of(const std::vector<double>& data, std::size_t rows, std::size_t columns) {
  return marchenko_pastur(spectrum(view(data, rows, columns)));
}

TEST(MarchenkoPastur, EdgesByHand) {
  const MarchenkoPasturLaw law{0.25, 2.0};
  EXPECT_DOUBLE_EQ(law.lower_edge(), 0.5);
  EXPECT_DOUBLE_EQ(law.upper_edge(), 4.5);
  EXPECT_EQ(law.density(0.5), 0.0);
  EXPECT_EQ(law.density(5.0), 0.0);
  EXPECT_EQ(law.cdf(0.4), 0.0);
  EXPECT_EQ(law.cdf(4.5), 1.0);
}

// At q = 1 the singular values follow a quarter circle: P(s < 1) = 1/3 + √3/(2π).
TEST(MarchenkoPastur, QuarterCircleAtRatioOne) {
  const MarchenkoPasturLaw law{1.0, 1.0};
  EXPECT_NEAR(law.cdf(1.0), 1.0 / 3.0 + std::sqrt(3.0) / (2.0 * M_PI), 1e-12);
}

TEST(MarchenkoPastur, DistributionIsTheIntegralOfTheDensity) {
  for (const double ratio : {0.05, 0.5, 0.9}) {
    const MarchenkoPasturLaw law{ratio, 1.5};
    const double low = law.lower_edge();
    const double high = law.upper_edge();
    constexpr int kSteps = 200000;
    double sum = 0.0;
    double mean = 0.0;
    for (int i = 0; i < kSteps; ++i) {
      const double x = low + (high - low) * (i + 0.5) / kSteps;
      sum += law.density(x) * (high - low) / kSteps;
      mean += x * law.density(x) * (high - low) / kSteps;
      if (i % 20000 == 10000) {
        EXPECT_NEAR(law.cdf(x), sum, 2e-5) << ratio << " at " << x;
      }
    }
    EXPECT_NEAR(sum, 1.0, 1e-5);
    EXPECT_NEAR(mean, 1.5, 1e-5) << "the law's mean is the variance of an entry";
    for (const double p : {0.01, 0.5, 0.99}) EXPECT_NEAR(law.cdf(law.quantile(p)), p, 1e-10);
  }
}

// Tracy and Widom's F1: quantiles .95 → .9793 and .99 → 2.0234 (Johnstone 2001, table 1).
TEST(MarchenkoPastur, LargestEigenvalueAsTabulated) {
  const double n = std::sqrt(99.0);
  const double m = std::sqrt(50.0);
  const double scale = (n + m) * std::cbrt(1.0 / n + 1.0 / m);
  const auto quantile = [&](double level) {
    return (largest_eigenvalue_quantile(100, 50, level) - (n + m) * (n + m)) / scale;
  };
  EXPECT_NEAR(quantile(0.95), 0.9793, 0.01);
  EXPECT_NEAR(quantile(0.99), 2.0234, 0.01);
}

TEST(MarchenkoPastur, NoiseIsABulkWithoutSpikes) {
  int with_spikes = 0;
  double worst = 0.0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const MarchenkoPasturFit fit = fit_of(normal_entries(80 * 40, seed), 80, 40);
    with_spikes += fit.spikes > 0 ? 1 : 0;
    worst = std::max(worst, fit.distance);
  }
  // 1 % at a known variance, of which two are expected; the variance is estimated here.
  EXPECT_LE(with_spikes, 10);
  EXPECT_LT(worst, 0.15);
}

// σ² is within its stated error, whatever the shape: two errors hold it in about 95 %.
TEST(MarchenkoPastur, VarianceWithinItsError) {
  for (const auto& [rows, columns] : {std::pair{100U, 100U}, {200U, 40U}, {60U, 30U}}) {
    int held = 0;
    double squares = 0.0;
    constexpr int kRuns = 100;
    for (int run = 0; run < kRuns; ++run) {
      auto data = normal_entries(rows * columns, 1000 + static_cast<std::uint64_t>(run));
      for (double& value : data) value *= 3.0;
      const MarchenkoPasturFit fit = fit_of(data, rows, columns);
      const double z = (fit.variance.value - 9.0) / *fit.variance.standard_error;
      squares += z * z / kRuns;
      held += std::abs(z) <= 2.0 ? 1 : 0;
    }
    EXPECT_GE(held, 88) << rows << " x " << columns;
    EXPECT_GT(squares, 0.4) << "and the error is not made wide to hold it";
  }
}

TEST(MarchenkoPastur, CountsPlantedSpikes) {
  constexpr std::size_t kRows = 120;
  constexpr std::size_t kColumns = 60;
  auto data = normal_entries(kRows * kColumns, 4);
  for (std::size_t spike = 0; spike < 3; ++spike) {
    // A direction of singular value 40, 50 and 60 against an edge of √120 + √60 = 18.7.
    const double strength = 40.0 + 10.0 * static_cast<double>(spike);
    const auto u = normal_entries(kRows, 50 + spike);
    const auto v = normal_entries(kColumns, 70 + spike);
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t j = 0; j < kColumns; ++j) {
        data[i * kColumns + j] += strength * u[i] * v[j] / std::sqrt(kRows * kColumns);
      }
    }
  }
  const MarchenkoPasturFit fit = fit_of(data, kRows, kColumns);
  EXPECT_EQ(fit.spikes, 3U);
  EXPECT_NEAR(fit.variance.value, 1.0, 3.0 * *fit.variance.standard_error);
  EXPECT_GT(fit.spike_share, 0.3);
  EXPECT_NEAR(fit.upper_edge, std::pow(std::sqrt(117.0) + std::sqrt(57.0), 2.0), 30.0);
}

TEST(MarchenkoPastur, RankDeficientIsDefined) {
  std::vector<double> data(20 * 10, 0.0);
  const MarchenkoPasturFit zero = fit_of(data, 20, 10);
  EXPECT_EQ(zero.spikes, 0U);
  EXPECT_EQ(zero.variance.value, 0.0);
  EXPECT_TRUE(std::isnan(zero.distance));
  data[0] = 1.0;
  const MarchenkoPasturFit one = fit_of(data, 20, 10);
  EXPECT_EQ(one.spikes, 1U);
  EXPECT_DOUBLE_EQ(one.spike_share, 1.0);
}

TEST(MarchenkoPastur, RefusesWhatItCannotFit) {
  const auto few = normal_entries(30, 1);
  EXPECT_THROW(fit_of(few, 10, 3), DataError);
  EXPECT_THROW(fit_of(std::vector<double>(50, NAN), 10, 5), DataError);
  EXPECT_THROW(marchenko_pastur(spectrum(view(few, 6, 5)), {.level = 1.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::probe
