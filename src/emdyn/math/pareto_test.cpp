#include "emdyn/math/pareto.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/lcg_test_stream.hpp"

namespace emdyn::math {
namespace {

std::vector<double> draw_pareto(const GeneralisedPareto& pareto, std::size_t count,
                                std::uint64_t seed) {
  Philox random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = pareto.isf(1.0 - random.uniform());
  return values;
}

TEST(GeneralisedPareto, ByHand) {
  const GeneralisedPareto pareto{0.5, 2.0};
  EXPECT_DOUBLE_EQ(pareto.sf(4.0), 0.25);  // (1 + .5·2)^−2
  EXPECT_DOUBLE_EQ(pareto.pdf(4.0), 0.0625);
  EXPECT_DOUBLE_EQ(pareto.quantile(0.75), 4.0);
  EXPECT_DOUBLE_EQ(pareto.isf(0.25), 4.0);
  const GeneralisedPareto bounded{-0.5, 1.0};  // a triangle on [0, 2]
  EXPECT_DOUBLE_EQ(bounded.support_end(), 2.0);
  EXPECT_DOUBLE_EQ(bounded.sf(1.0), 0.25);
  EXPECT_EQ(bounded.sf(2.5), 0.0);
  EXPECT_EQ(bounded.pdf(2.5), 0.0);
  EXPECT_EQ(bounded.quantile(1.0), 2.0);
  EXPECT_TRUE(std::isinf(pareto.quantile(1.0)));
}

TEST(GeneralisedPareto, ContinuousThroughShapeZero) {
  const GeneralisedPareto exponential{0.0, 3.0};
  EXPECT_DOUBLE_EQ(exponential.sf(6.0), std::exp(-2.0));
  EXPECT_DOUBLE_EQ(exponential.isf(1e-300), 3.0 * 300 * std::log(10.0));
  for (const double shape : {1e-12, -1e-12, 1e-9, -1e-9, 1e-7, -1e-7}) {
    const GeneralisedPareto near{shape, 3.0};
    EXPECT_NEAR(near.log_sf(60.0), -20.0, 220 * std::fabs(shape) + 1e-12);
    EXPECT_NEAR(near.isf(1e-9), exponential.isf(1e-9), 700 * std::fabs(shape) + 1e-11);
    EXPECT_NEAR(near.log_pdf(6.0), exponential.log_pdf(6.0), 10 * std::fabs(shape) + 1e-12);
  }
  for (const double shape : {-0.4, -1e-9, 0.0, 1e-9, 0.7}) {
    const GeneralisedPareto pareto{shape, 1.7};
    for (const double q : {0.9, 0.1, 1e-4, 1e-12}) {
      EXPECT_NEAR(pareto.sf(pareto.isf(q)), q, 1e-6 * q);
      EXPECT_NEAR(pareto.cdf(pareto.quantile(q)), q, 1e-9 * q);
    }
  }
}

TEST(ParetoFit, PeaksOverThresholdReference) {
  // −ln(1 − u) of the first thousand numbers, threshold at their 98 % order statistic.
  Lcg42 stream;
  std::vector<double> values(1000);
  for (double& value : values) value = -std::log1p(-stream());
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const double threshold = sorted[980];
  EXPECT_NEAR(threshold, 3.85753248467985, 1e-13);
  std::vector<double> excesses;
  for (const double value : values) {
    if (value > threshold) excesses.push_back(value - threshold);
  }
  ASSERT_EQ(excesses.size(), 19U);
  const auto moments = fit_pareto_moments(excesses);
  ASSERT_TRUE(moments);
  EXPECT_NEAR(moments->shape, -0.06490411498942128, 1e-10);
  EXPECT_NEAR(moments->scale, 0.8620310860373767, 1e-10);
  EXPECT_NEAR(pot_quantile(*moments, threshold, 19, 1000, 1e-4), 7.690916999095736, 1e-8);
  const auto likeliest = fit_pareto_ml(excesses);
  ASSERT_TRUE(likeliest);
  // The reference stopped its search at four digits; ours must be at least as likely.
  EXPECT_NEAR(likeliest->shape, -0.179473536, 2e-4);
  EXPECT_NEAR(likeliest->scale, 0.9633725203, 2e-4);
  EXPECT_NEAR(pot_quantile(*likeliest, threshold, 19, 1000, 1e-4), 7.132067269, 1e-3);
  EXPECT_GE(pareto_log_likelihood(*likeliest, excesses),
            pareto_log_likelihood({-0.179473536, 0.9633725203409534}, excesses));
}

TEST(ParetoFit, RecoversParameters) {
  for (const double shape : {-0.3, -0.1, 0.0, 0.2, 0.6}) {
    const GeneralisedPareto truth{shape, 2.0};
    const auto fitted = fit_pareto_ml(draw_pareto(truth, 20'000, 5));
    ASSERT_TRUE(fitted);
    EXPECT_NEAR(fitted->shape, shape, 0.03) << shape;  // 3 to 4 standard errors (1 + γ)/√n
    EXPECT_NEAR(fitted->scale, 2.0, 0.1) << shape;
  }
}

TEST(ParetoFit, NoNeighbourIsLikelier) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const std::vector<double> sample =
        draw_pareto({0.1 * static_cast<double>(seed % 7) - 0.2, 1.0}, 12 + 5 * seed, seed);
    const auto fitted = fit_pareto_ml(sample);
    ASSERT_TRUE(fitted);
    const double best = pareto_log_likelihood(*fitted, sample);
    if (fitted->shape == 0.0) continue;
    for (const double shape : {-0.02, 0.02}) {
      for (const double scale : {0.98, 1.0, 1.02}) {
        const GeneralisedPareto near{fitted->shape + shape, fitted->scale * scale};
        EXPECT_GE(best + 1e-9, pareto_log_likelihood(near, sample)) << seed;
      }
    }
  }
}

TEST(ParetoFit, ScalesWithTheData) {
  const std::vector<double> sample = draw_pareto({0.2, 1.0}, 60, 9);
  std::vector<double> larger = sample;
  for (double& value : larger) value *= 1e6;
  EXPECT_NEAR(fit_pareto_ml(sample)->shape, fit_pareto_ml(larger)->shape, 1e-6);
}

TEST(ParetoFit, FewPeaksAndRejection) {
  const double nan = std::nan("");
  EXPECT_FALSE(fit_pareto_ml({}));
  EXPECT_FALSE(fit_pareto_ml(std::vector<double>{1.0}));
  EXPECT_FALSE(fit_pareto_ml(std::vector<double>{2.0, 2.0, 2.0}));
  EXPECT_FALSE(fit_pareto_ml(std::vector<double>{1.0, -1.0}));
  EXPECT_FALSE(fit_pareto_ml(std::vector<double>{1.0, nan}));
  EXPECT_FALSE(
      fit_pareto_moments(std::vector<double>{1.0, std::numeric_limits<double>::infinity()}));
  for (const auto& few : {std::vector<double>{1.0, 2.0}, {1e-12, 5.0, 5.0}, {0.0, 1.0, 1e6}}) {
    const auto fitted = fit_pareto_ml(few);
    ASSERT_TRUE(fitted);
    EXPECT_TRUE(std::isfinite(fitted->shape) && fitted->shape > -1.0);
    EXPECT_TRUE(std::isfinite(fitted->scale) && fitted->scale > 0.0);
  }
  EXPECT_TRUE(std::isnan(pot_quantile({0.1, 1.0}, 0.0, 0, 100, 1e-4)));
  EXPECT_EQ(pot_quantile({0.1, 1.0}, 3.0, 10, 100, 0.5), 3.0);
}

}  // namespace
}  // namespace emdyn::math
