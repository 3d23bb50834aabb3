#include "emdyn/probe/activity/activity_profile.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

using ::testing::ElementsAre;

TEST(ActivityProfile, ByHand) {
  // Units: dead, half alive, always alive.
  const std::vector<float> data = {0, 0, 4, 0, 2, 4};
  const ActivityProfile profile = activity_profile(view(data, 2, 3));
  EXPECT_DOUBLE_EQ(profile.sparsity.value, 0.5);
  // Shares 2/3 and 1/3: deviation √(1/18), error √(1/36).
  EXPECT_NEAR(*profile.sparsity.standard_error, 1.0 / 6.0, 1e-12);
  EXPECT_EQ(profile.dead_units, 1U);
  EXPECT_NEAR(profile.dead_upper, 1.0 - std::sqrt(0.05), 1e-12);
  EXPECT_DOUBLE_EQ(profile.max_to_median, 4.0 / 1.0);
  // Powers 0, 4 and 32: 3 · (16 + 1024)/36².
  EXPECT_NEAR(profile.unit_kurtosis.value, 3.0 * 1040.0 / 1296.0, 1e-12);
}

TEST(ActivityProfile, OutlierUnitsByTheCriterion) {
  // 100 samples: unit 0 is large in 6, unit 1 in 5, unit 2 just below the size in all.
  std::vector<double> data(300, 0.0);
  for (std::size_t i = 0; i < 100; ++i) {
    data[3 * i] = i < 6 ? -6.0 : 1.0;
    data[3 * i + 1] = i < 5 ? 60.0 : 1.0;
    data[3 * i + 2] = 5.999;
  }
  EXPECT_EQ(activity_profile(view(data, 100, 3)).outlier_units, 1U);
  // Of five layers a quarter is two.
  const std::vector<double> calm(300, 0.5);
  const auto loud = view(data, 100, 3);
  const auto still = view(calm, 100, 3);
  using Layers = std::vector<math::MatrixView<double>>;
  EXPECT_THAT(outlier_features<double>(Layers{loud, still, still, still, loud}), ElementsAre(0U));
  EXPECT_TRUE(outlier_features<double>(Layers{loud, still, still, still, still}).empty());
  EXPECT_TRUE(outlier_features<double>({}).empty());
  EXPECT_THROW(outlier_features<double>(Layers{loud, view(calm, 150, 2)}), DataError);
}

TEST(ActivityProfile, KurtosisFromAllAlikeToOneUnit) {
  const std::vector<double> alike(40, -1.5);
  EXPECT_NEAR(activity_profile(view(alike, 10, 4)).unit_kurtosis.value, 1.0, 1e-12);
  std::vector<double> one(40, 0.0);
  for (std::size_t i = 0; i < 10; ++i) one[4 * i] = 1.0;
  EXPECT_NEAR(activity_profile(view(one, 10, 4)).unit_kurtosis.value, 4.0, 1e-12);
}

TEST(ActivityProfile, SilentConstantSingleAndNaN) {
  const std::vector<float> silent(12, 0.0F);
  const ActivityProfile none = activity_profile(view(silent, 4, 3));
  EXPECT_EQ(none.sparsity.value, 1.0);
  EXPECT_EQ(none.dead_units, 3U);
  EXPECT_TRUE(std::isnan(none.max_to_median));
  EXPECT_TRUE(std::isnan(none.unit_kurtosis.value));
  const std::vector<float> constant(12, 2.0F);
  EXPECT_EQ(activity_profile(view(constant, 4, 3)).max_to_median, 1.0);
  const ActivityProfile single = activity_profile(view(constant, 1, 12));
  EXPECT_FALSE(single.sparsity.standard_error.has_value());
  const std::vector<float> broken(12, NAN);
  const ActivityProfile nan = activity_profile(view(broken, 4, 3));
  EXPECT_EQ(nan.sparsity.value, 0.0);
  EXPECT_EQ(nan.dead_units, 0U);
  EXPECT_EQ(nan.outlier_units, 0U);
  EXPECT_TRUE(std::isnan(nan.max_to_median));
  EXPECT_TRUE(std::isnan(nan.unit_kurtosis.value));
  EXPECT_THROW(activity_profile(math::MatrixView<float>{}), DataError);
  EXPECT_THROW(activity_profile(view(constant, 4, 3), {.outlier_samples = 0.0}), ConfigError);
}

}  // namespace
}  // namespace emdyn::probe
