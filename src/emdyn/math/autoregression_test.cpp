#include "emdyn/math/autoregression.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/math/fft.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::math {
namespace {

std::vector<double> draw(const Autoregression& model, std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  return model.simulate(count, [&] { return model.innovation_sd * random.normal(); });
}

TEST(Autoregression, KnownAnswersOfOrderOne) {
  // Variance σ²/(1 − φ²), autocorrelation φ.
  for (const double phi : {0.5, 0.9}) {
    const std::vector<double> path = draw({{phi}, 1.0}, 100'000, 2);
    math::Moments moments;
    for (const double value : path) moments.add(value);
    EXPECT_NEAR(moments.variance(), 1.0 / (1.0 - phi * phi), 0.05 / (1.0 - phi * phi));
    EXPECT_NEAR(math::autocorrelation(path, 1)[1], phi, 0.01);
    EXPECT_NEAR(fit_autoregression(path, 1).coefficients[0], phi, 0.01);
  }
}

TEST(Autoregression, RecoversOrderTwo) {
  const Autoregression truth{{1.2, -0.5}, 2.0};
  EXPECT_TRUE(truth.is_stationary());
  const std::vector<double> path = draw(truth, 50'000, 5);
  const Autoregression fitted = fit_autoregression(path, 2);
  EXPECT_NEAR(fitted.coefficients[0], 1.2, 0.02);
  EXPECT_NEAR(fitted.coefficients[1], -0.5, 0.02);
  EXPECT_NEAR(fitted.innovation_sd, 2.0, 0.03);
  EXPECT_GE(select_autoregression(path, 5).coefficients.size(), 2U);
  const std::vector<double> innovations = fitted.innovations(path);
  ASSERT_EQ(innovations.size(), path.size() - 2);
  EXPECT_NEAR(math::autocorrelation(innovations, 1)[1], 0.0, 0.02);
}

TEST(Autoregression, Stationarity) {
  EXPECT_TRUE((Autoregression{{0.99}, 1.0}.is_stationary()));
  EXPECT_FALSE((Autoregression{{1.0}, 1.0}.is_stationary()));
  EXPECT_FALSE((Autoregression{{0.6, 0.5}, 1.0}.is_stationary()));
  EXPECT_FALSE((Autoregression{{0.95}, 1.0}.is_stationary(0.9)));
  EXPECT_TRUE((Autoregression{{}, 1.0}.is_stationary()));
  // Burg's estimate of a pure trend is stationary too.
  std::vector<double> ramp(50);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i);
  EXPECT_TRUE(fit_autoregression(ramp, 3).is_stationary(0.9999999));
}

TEST(Autoregression, ShortAndFlatSeriesHaveNone) {
  EXPECT_TRUE(fit_autoregression({}, 1).coefficients.empty());
  EXPECT_TRUE(fit_autoregression(std::vector<double>{1, 2, 3}, 1).coefficients.empty());
  EXPECT_TRUE(fit_autoregression(std::vector<double>(20, 0.0), 2).coefficients.empty());
  EXPECT_TRUE((Autoregression{{0.5}, 1.0}.innovations(std::vector<double>{3.0}).empty()));
}

TEST(BlockInnovations, KeepsScaleAndBlocks) {
  std::vector<double> seen(200);
  for (std::size_t i = 0; i < seen.size(); ++i) seen[i] = i % 2 == 0 ? 3.0 : -3.0;
  const BlockInnovations blocks(seen, 2.0, 50);
  Philox random(4);
  auto next = blocks.stream(random);
  math::Moments moments;
  double alternating = 0.0;
  double before = next();
  for (int i = 0; i < 20'000; ++i) {
    const double value = next();
    moments.add(value);
    alternating += value * before;
    before = value;
  }
  EXPECT_NEAR(moments.stddev(), 2.0, 0.05);
  // Three quarters of the variance alternate, but for one pair in fifty.
  EXPECT_NEAR(alternating / 20'000 / 4.0, -0.75, 0.04);
  const BlockInnovations none({}, 2.0, 5);
  auto gaussian = none.stream(random);
  math::Moments plain;
  for (int i = 0; i < 20'000; ++i) plain.add(gaussian());
  EXPECT_NEAR(plain.stddev(), 2.0, 0.05);
}

}  // namespace
}  // namespace emdyn::math
