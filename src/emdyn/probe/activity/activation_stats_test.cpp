#include "emdyn/probe/activity/activation_stats.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

TEST(ActivationStats, ActivationStatsByHand) {
  // Entries 0 0 2 2: mean 1, variance 1, kurtosis 1 (two points); the first unit is dead.
  const std::vector<double> data = {0, 2, 0, 2};
  const ActivationStats stats = activation_stats(math::matrix_view(data.data(), 2, 2));
  EXPECT_DOUBLE_EQ(stats.mean, 1.0);
  EXPECT_DOUBLE_EQ(stats.variance, 1.0);
  EXPECT_DOUBLE_EQ(stats.kurtosis, 1.0);
  EXPECT_DOUBLE_EQ(stats.dead_fraction, 0.5);
}

TEST(ActivationStats, KurtosisOfNormalNoiseIsThree) {
  const auto data = normal_entries(40000, 7);
  const ActivationStats stats = activation_stats(math::matrix_view(data.data(), 200, 200));
  EXPECT_NEAR(stats.kurtosis, 3.0, 5.0 * std::sqrt(24.0 / 40000.0));
  EXPECT_NEAR(stats.variance, 1.0, 5.0 * std::sqrt(2.0 / 40000.0));
}

TEST(ActivationStats, KurtosisOfAConstantIsUndefined) {
  const std::vector<double> data(6, 1.5);
  EXPECT_TRUE(std::isnan(activation_stats(math::matrix_view(data.data(), 2, 3)).kurtosis));
}

TEST(ActivationStats, NonFiniteActivationsAreNotDead) {
  const std::vector<double> data = {NAN, 0.0};
  const ActivationStats stats = activation_stats(math::matrix_view(data.data(), 1, 2));
  EXPECT_TRUE(std::isnan(stats.mean));
  EXPECT_DOUBLE_EQ(stats.dead_fraction, 0.5);
}

TEST(ActivationStats, RefusesNothing) {
  EXPECT_THROW(activation_stats(math::MatrixView<double>{}), DataError);
}

}  // namespace
}  // namespace emdyn::probe
