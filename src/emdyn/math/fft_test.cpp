#include "emdyn/math/fft.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::math {
namespace {

using Complex = std::complex<double>;

std::vector<Complex> noise(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<Complex> values(count);
  for (Complex& value : values) value = {random.normal(), random.normal()};
  return values;
}

std::vector<Complex> slow_dft(const std::vector<Complex>& values) {
  const std::size_t n = values.size();
  std::vector<Complex> result(n);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j < n; ++j) {
      const double angle =
          -2.0 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n);
      result[k] += values[j] * std::polar(1.0, angle);
    }
  }
  return result;
}

TEST(Fft, ByHand) {
  const std::vector<Complex> result = fft(std::vector<Complex>{1, 2, 3, 4});
  EXPECT_NEAR(std::abs(result[0] - Complex(10, 0)), 0, 1e-15);
  EXPECT_NEAR(std::abs(result[1] - Complex(-2, 2)), 0, 1e-15);
  EXPECT_NEAR(std::abs(result[2] - Complex(-2, 0)), 0, 1e-15);
  EXPECT_NEAR(std::abs(result[3] - Complex(-2, -2)), 0, 1e-15);
}

TEST(Fft, EveryLengthEqualsTheSum) {
  for (std::size_t n = 1; n <= 130; ++n) {
    const std::vector<Complex> values = noise(n, n);
    const std::vector<Complex> quick = fft(values);
    const std::vector<Complex> slow = slow_dft(values);
    for (std::size_t k = 0; k < n; ++k) ASSERT_NEAR(std::abs(quick[k] - slow[k]), 0, 1e-11) << n;
    const std::vector<Complex> back = inverse_fft(quick);
    for (std::size_t k = 0; k < n; ++k) ASSERT_NEAR(std::abs(back[k] - values[k]), 0, 1e-12) << n;
  }
}

TEST(Fft, RealEqualsComplex) {
  for (const std::size_t n : {1U, 2U, 3U, 8U, 15U, 34U, 97U, 100U, 194U}) {
    Philox random(n);
    std::vector<double> values(n);
    for (double& value : values) value = random.normal();
    const std::vector<Complex> whole = fft(std::vector<Complex>(values.begin(), values.end()));
    const std::vector<Complex> half = real_fft(values);
    ASSERT_EQ(half.size(), n / 2 + 1);
    for (std::size_t k = 0; k < half.size(); ++k) {
      ASSERT_NEAR(std::abs(half[k] - whole[k]), 0, 1e-12) << n;
    }
    const std::vector<double> back = inverse_real_fft(half, n);
    for (std::size_t k = 0; k < n; ++k) ASSERT_NEAR(back[k], values[k], 1e-13) << n;
  }
}

TEST(Fft, ParsevalAtLargeLengths) {
  for (const std::size_t n : {65536U, 30030U, 50021U}) {  // 2^16, 2·3·5·7·11·13, a prime
    const std::vector<Complex> values = noise(n, 1);
    double before = 0.0;
    for (const Complex& value : values) before += std::norm(value);
    double after = 0.0;
    for (const Complex& value : fft(values)) after += std::norm(value);
    EXPECT_NEAR(after / static_cast<double>(n), before, 1e-9 * before);
  }
}

TEST(Fft, PureToneHasOneLine) {
  constexpr std::size_t n = 1000;
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = 5.0 + std::cos(2.0 * std::numbers::pi * 7.0 * static_cast<double>(i) / n);
  }
  const std::vector<double> power = periodogram(values);
  EXPECT_NEAR(power[7], n / 4.0, 1e-8);
  EXPECT_NEAR(power[0], 0.0, 1e-12);
  EXPECT_NEAR(power[8], 0.0, 1e-12);
}

TEST(Autocovariance, EqualsTheSum) {
  Philox random(4);
  std::vector<double> values(137);
  double mean = 0.0;
  for (double& value : values) mean += (value = random.normal() + 10.0) / 137.0;
  const std::vector<double> quick = autocovariance(values, 1000);
  ASSERT_EQ(quick.size(), 137U);
  for (std::size_t lag = 0; lag < values.size(); ++lag) {
    double sum = 0.0;
    for (std::size_t i = lag; i < values.size(); ++i) {
      sum += (values[i] - mean) * (values[i - lag] - mean);
    }
    ASSERT_NEAR(quick[lag], sum / 137.0, 1e-12);
  }
  EXPECT_EQ(autocorrelation(std::vector<double>(5, 3.0), 2), (std::vector<double>{1, 0, 0}));
}

TEST(Autocorrelation, OfAnAutoregression) {
  Philox random(8);
  std::vector<double> values(200'000);
  double state = 0.0;
  for (double& value : values) value = state = 0.9 * state + random.normal();
  const std::vector<double> rho = autocorrelation(values, 2);
  EXPECT_NEAR(rho[1], 0.9, 0.005);
  EXPECT_NEAR(rho[2], 0.81, 0.01);
  EXPECT_NEAR(autocovariance(values, 0)[0], 5.263158, 0.15);  // 1/(1 − φ²)
}

TEST(Fft, Rejects) {
  EXPECT_THROW(Fft(0), ConfigError);
  EXPECT_THROW(Fft(std::size_t{1} << 40), ConfigError);
  Fft plan(8);
  std::vector<Complex> seven(7);
  EXPECT_THROW(plan.forward(seven), DataError);
  EXPECT_THROW(inverse_real_fft(seven, 7), DataError);
  EXPECT_THROW(autocovariance({}, 1), DataError);
  EXPECT_TRUE(real_fft({}).empty());
}

}  // namespace
}  // namespace emdyn::math
