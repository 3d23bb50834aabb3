#include "emdyn/detect/rows/pca_chart.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

using Three = std::array<double, 3>;

// Equal eigenvalues: Jackson & Mudholkar's limit is Wilson and Hilferty's cube-root approximation of chi-squared;
// 5 (1 - 2/45 + 1.6449 sqrt(2/45))³ = 11.044, where chi-squared has 11.070.
TEST(PcaChart, TheLimitOfQIsThatOfJacksonAndMudholkar) {
  const std::array<double, 5> equal{1, 1, 1, 1, 1};
  const double root = 1.0 - 2.0 / 45.0 + 1.6448536269514722 * std::sqrt(2.0 / 45.0);
  EXPECT_NEAR(PcaModel::q_limit(equal, 0.05), 5.0 * root * root * root, 1e-9);
  EXPECT_NEAR(PcaModel::q_limit(equal, 0.05), 11.070, 0.03);
  EXPECT_EQ(PcaModel::q_limit({}, 0.05), 0.0);
  // One that dwarfs many: the exponent would be negative, and Box's approximation takes over.
  std::vector<double> uneven(200, 0.1);
  uneven[0] = 10.0;
  const double limit = PcaModel::q_limit(uneven, 0.01);
  EXPECT_TRUE(std::isfinite(limit));
  EXPECT_GT(limit, 30.0);
}

// F(.05; 2, 18) = 3.5546 (any table): 2 · 399 / (20 · 18) · 3.5546 = 7.8794.
TEST(PcaChart, TheLimitOfT2IsThatOfF) {
  EXPECT_NEAR(PcaModel::t2_limit(2, 20.0, 0.05), 7.8794, 1e-3);
  // With many rows it is chi-squared's: 13.816 at 1e-3 with two degrees of freedom.
  EXPECT_NEAR(PcaModel::t2_limit(2, 1e7, 1e-3), 13.8155, 1e-2);
}

/// Two causes in three channels, and a little noise.
Three related(Philox& random) {
  const double a = random.normal();
  const double b = random.normal();
  return {a + 0.1 * random.normal(), b + 0.1 * random.normal(),
          (a + b) / std::sqrt(2.0) + 0.1 * random.normal()};
}

TEST(PcaChart, KeepsItsAlphaOnNormalRows) {
  Philox random(3);
  PcaT2 t2({0.9, 0.01}, 3);
  PcaQ q({0.9, 0.01}, 3);
  PcaT2Q both({0.9, 0.01}, 3);
  for (int i = 0; i < 20000; ++i) {
    const Three row = related(random);
    t2.learn(row);
    q.learn(row);
    both.learn(row);
  }
  EXPECT_EQ(t2.model().components(), 2U);
  int above_t2 = 0;
  int above_q = 0;
  int above_both = 0;
  for (int i = 0; i < 20000; ++i) {
    const Three row = related(random);
    above_t2 += t2.statistic(row) > 1.0 ? 1 : 0;
    above_q += q.statistic(row) > 1.0 ? 1 : 0;
    above_both += both.statistic(row) > 1.0 ? 1 : 0;
  }
  EXPECT_NEAR(above_t2 / 20000.0, 0.01, 0.003);
  EXPECT_NEAR(above_q / 20000.0, 0.01, 0.003);
  EXPECT_NEAR(above_both / 20000.0, 0.01, 0.003);
}

// Far along the causes is T²'s; against them Q's.
TEST(PcaChart, T2SeesWhatIsFarAndQWhatDoesNotFit) {
  Philox random(4);
  PcaT2 t2({0.9, 1e-3}, 3);
  PcaQ q({0.9, 1e-3}, 3);
  for (int i = 0; i < 2000; ++i) {
    const Three row = related(random);
    t2.learn(row);
    q.learn(row);
  }
  const Three far{6.0, 6.0, 12.0 / std::sqrt(2.0)};
  const Three torn{0.5, 0.5, -0.7};
  EXPECT_GT(t2.statistic(far), 1.0);
  EXPECT_LT(q.statistic(far), 1.0);
  EXPECT_LT(t2.statistic(torn), 1.0);
  EXPECT_GT(q.statistic(torn), 1.0);
}

TEST(PcaChart, NothingLeftOutHasNoQ) {
  Philox random(5);
  PcaQ q({0.9999, 1e-3}, 1);
  for (int i = 0; i < 64; ++i) q.learn(std::array<double, 1>{random.normal()});
  EXPECT_EQ(q.statistic(std::array<double, 1>{9.0}), 0.0);
}

TEST(PcaChart, RefusesWhatIsOutOfRange) {
  EXPECT_THROW(PcaT2({1.5, 1e-3}, 2), ConfigError);
  EXPECT_THROW(PcaQ({0.9, 0.0}, 2), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
