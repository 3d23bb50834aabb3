#include "emdyn/math/kendall.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::math {
namespace {

TEST(Kendall, ByHand) {
  // Pairs of (1,2) (2,1) (3,4) (4,3): two of six are discordant.
  const Kendall result = kendall(std::vector<double>{1, 2, 3, 4}, std::vector<double>{2, 1, 4, 3});
  EXPECT_EQ(result.score, 2.0);
  EXPECT_DOUBLE_EQ(result.tau, 1.0 / 3.0);
  EXPECT_EQ(kendall_trend(std::vector<double>{1, 5, 9}), 1.0);
  EXPECT_EQ(kendall_trend(std::vector<double>{3, 2, 1, 0}), -1.0);
}

TEST(Kendall, TiesAgreeWithScipy) {
  const std::vector<double> x{1, 1, 2, 3, 4, 5, 5, 6};
  const std::vector<double> y{2, 1, 2, 4, 3, 5, 7, 5};
  const Kendall result = kendall(x, y);
  EXPECT_NEAR(result.tau, 0.7692307692307694, 1e-14);
  const double z = result.score / result.score_sd;
  EXPECT_NEAR(std::erfc(z / std::sqrt(2.0)), 0.010747577580460075, 1e-12);
}

TEST(Kendall, NullDeviation) {
  EXPECT_NEAR(kendall_null_sd(20), 0.16222, 5e-6);
  EXPECT_NEAR(kendall_null_sd(50), 0.09759, 5e-6);
  EXPECT_NEAR(kendall_null_sd(100), 0.06783, 5e-6);
  EXPECT_NEAR(kendall_null_sd(500), 0.02992, 5e-6);
  EXPECT_TRUE(std::isnan(kendall_null_sd(1)));
  const Kendall result =
      kendall(std::vector<double>{1, 2, 3, 4, 5}, std::vector<double>{2, 1, 4, 3, 5});
  EXPECT_NEAR(result.score_sd / 10.0, kendall_null_sd(5), 1e-14);
}

TEST(Kendall, EqualsCountingPairs) {
  Philox random(2);
  for (int round = 0; round < 50; ++round) {
    const std::size_t n = 2 + random.below(60);
    std::vector<double> x(n);
    std::vector<double> y(n);
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = static_cast<double>(random.below(12));
      y[i] = static_cast<double>(random.below(9)) - x[i];
    }
    double score = 0.0;
    double x_untied = 0.0;
    double y_untied = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double dx = x[i] - x[j];
        const double dy = y[i] - y[j];
        score += dx * dy > 0 ? 1 : dx * dy < 0 ? -1 : 0;
        x_untied += dx != 0;
        y_untied += dy != 0;
      }
    }
    const Kendall result = kendall(x, y);
    ASSERT_EQ(result.score, score);
    if (x_untied > 0 && y_untied > 0) {
      ASSERT_NEAR(result.tau, score / std::sqrt(x_untied * y_untied), 1e-14);
    } else {
      ASSERT_TRUE(std::isnan(result.tau));
    }
  }
}

TEST(Kendall, PValuesAreUniformWhenIndependent) {
  Philox random(6);
  int below = 0;
  constexpr int kRounds = 2000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> y(40);
    for (double& value : y) value = random.normal();
    std::vector<double> x(40);
    for (double& value : x) value = random.normal();
    below += kendall(x, y).p_value < 0.05;
  }
  EXPECT_NEAR(below / double{kRounds}, 0.05, 0.015);  // three standard errors
}

TEST(Kendall, Rejects) {
  const std::vector<double> two{1, 2};
  EXPECT_THROW(kendall(two, std::vector<double>{1, 2, 3}), DataError);
  EXPECT_THROW(kendall(std::vector<double>{1}, std::vector<double>{1}), DataError);
  EXPECT_THROW(kendall(two, std::vector<double>{1, std::nan("")}), DataError);
  EXPECT_TRUE(std::isnan(kendall_tau(two, std::vector<double>{5, 5})));
}

}  // namespace
}  // namespace emdyn::math
