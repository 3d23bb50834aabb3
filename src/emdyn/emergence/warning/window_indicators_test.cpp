#include "emdyn/emergence/warning/window_indicators.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/warning/warning_surrogates.hpp"
#include "emdyn/math/fft.hpp"

namespace emdyn::emergence {
namespace {

std::vector<double> coloured(double phi, std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> values(count);
  double state = random.normal() / std::sqrt(1.0 - phi * phi);
  for (double& value : values) value = state = phi * state + random.normal();
  return values;
}

TEST(WindowIndicators, KnownAnswers) {
  std::vector<double> scratch;
  const WindowIndicators window(8192, Detrending::mean);
  const IndicatorValues white = window(coloured(0.0, 8192, 1), scratch);
  EXPECT_NEAR(white[4], 3.0, 0.15);  // Kurtosis of a normal.
  EXPECT_NEAR(white[5], std::sqrt(2.0),
              0.03);  // Differences of white noise have twice its variance.
  EXPECT_NEAR(white[6], 0.0, 0.1);
  EXPECT_NEAR(white[7], 0.5, 0.06);
  const IndicatorValues slow = window(coloured(0.9, 8192, 2), scratch);
  EXPECT_NEAR(slow[5], std::sqrt(2.0 * (1.0 - 0.9)), 0.03);
  EXPECT_GT(slow[6], 0.8);
  // Ends of a random walk: DFA 3/2, spectrum f^-2.
  std::vector<double> walk = coloured(0.0, 8192, 3);
  for (std::size_t t = 1; t < walk.size(); ++t) walk[t] += walk[t - 1];
  const WindowIndicators lined(8192, Detrending::linear);
  EXPECT_NEAR(lined(walk, scratch)[7], 1.5, 0.08);
  EXPECT_NEAR(lined(walk, scratch)[6], 2.0, 0.25);
}

TEST(WindowIndicators, ShortAndFlatWindowsHaveNoShape) {
  std::vector<double> scratch;
  const WindowIndicators small(20, Detrending::linear);
  const IndicatorValues values = small(coloured(0.3, 20, 4), scratch);
  EXPECT_TRUE(std::isfinite(values[6]));
  EXPECT_TRUE(std::isnan(values[7]));
  const IndicatorValues flat = small(std::vector<double>(20, 2.0), scratch);
  EXPECT_EQ(flat[0], 0.0);
  for (std::size_t k = 1; k < flat.size(); ++k) EXPECT_TRUE(std::isnan(flat[k])) << k;
}

TEST(WarningSurrogates, PhasesKeepTheSpectrum) {
  const std::vector<double> series = coloured(0.7, 101, 5);
  Philox random(6);
  std::vector<double> phases(series.size() / 2 + 1);
  for (double& phase : phases) phase = 6.28 * random.uniform();
  const auto before = math::periodogram(series);
  const auto after = math::periodogram(with_phases(series, phases));
  for (std::size_t k = 0; k < before.size(); ++k) EXPECT_NEAR(after[k], before[k], 1e-9);
}

TEST(WarningSurrogates, EveryKindIsAsLongAndAsWideAsTheSeries) {
  const std::vector<double> series = coloured(0.7, 450, 7);
  const WindowIndicators window(100, Detrending::linear);
  for (const SurrogateKind kind :
       {SurrogateKind::autoregression, SurrogateKind::phase, SurrogateKind::block}) {
    const auto made = stationary_surrogates(kind, window, series, 30, 1);
    ASSERT_EQ(made.size(), 30U);
    double square = 0.0;
    for (const auto& each : made) {
      ASSERT_EQ(each.size(), series.size());
      for (const double value : each) square += value * value / (30.0 * 450.0);
    }
    EXPECT_NEAR(square, 1.0 / (1.0 - 0.49), 0.6);
  }
  EXPECT_TRUE(
      stationary_surrogates(SurrogateKind::phase, window, std::vector<double>(300, 1.0), 3, 1)
          .empty());
}

TEST(WarningSurrogates, PValuesOfTrends) {
  std::vector<double> taus;
  for (int i = -49; i <= 49; ++i) taus.push_back(0.005 * i);
  EXPECT_NEAR(trend_p_value(taus, 0.198), 0.21, 1e-12);  // 20 of 99 at |i| >= 40, and one
  EXPECT_LT(trend_p_value(taus, -0.9), 1e-3);
  EXPECT_GE(trend_p_value(taus, -0.9), 1e-6);
}

}  // namespace
}  // namespace emdyn::emergence
