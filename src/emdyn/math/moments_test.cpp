#include "emdyn/math/moments.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/lcg_test_stream.hpp"

namespace emdyn::math {
namespace {

TEST(Moments, ByHand) {
  Moments moments;
  for (const double x : {1.0, 2.0, 4.0, 8.0, 16.0}) moments.add(x);
  EXPECT_EQ(moments.count(), 5U);
  EXPECT_DOUBLE_EQ(moments.mean(), 6.2);
  EXPECT_DOUBLE_EQ(moments.variance(), 37.2);
  EXPECT_DOUBLE_EQ(moments.population_variance(), 29.76);
  EXPECT_NEAR(moments.skewness(), 0.8890481348169542, 1e-14);  // scipy.stats.skew
  EXPECT_NEAR(moments.kurtosis(), 2.3259408602150526, 1e-14);  // scipy, fisher=False
  EXPECT_NEAR(moments.excess_kurtosis(), -0.6740591397849474, 1e-14);
}

TEST(Moments, ThousandUniformNumbers) {
  Lcg42 stream;
  Moments moments;
  for (int i = 0; i < 10; ++i) moments.add(stream());
  EXPECT_NEAR(moments.variance(), 0.06881867345546261, 1e-15);
  for (int i = 10; i < 1000; ++i) moments.add(stream());
  EXPECT_NEAR(moments.mean(), 0.5062096507258119, 1e-14);
  EXPECT_NEAR(moments.variance(), 0.08506595757931237, 1e-14);
}

TEST(Moments, OffsetOfABillion) {
  // Dyadic offsets keep every sample exact, so only the algorithm can lose digits.
  Moments plain;
  Moments shifted;
  for (int i = 0; i < 10'000; ++i) {
    const double x = static_cast<double>(i % 7) * 0.25 + static_cast<double>(i % 3);
    plain.add(x);
    shifted.add(x + 1e9);
  }
  EXPECT_NEAR(shifted.mean() - 1e9, plain.mean(), 2e-7);
  EXPECT_NEAR(shifted.variance(), plain.variance(), 1e-7 * plain.variance());
  EXPECT_NEAR(shifted.skewness(), plain.skewness(), 1e-6);
  EXPECT_NEAR(shifted.kurtosis(), plain.kurtosis(), 1e-6);
}

TEST(Moments, MergeEqualsOneStream) {
  Philox random(7);
  for (int round = 0; round < 20; ++round) {
    const auto cut = random.below(500);
    Moments all;
    Moments left;
    Moments right;
    for (std::uint32_t i = 0; i < 500; ++i) {
      const double x = std::exp(random.normal()) + 1e3;
      all.add(x);
      (i < cut ? left : right).add(x);
    }
    left.merge(right);
    EXPECT_EQ(left.count(), all.count());
    EXPECT_NEAR(left.mean(), all.mean(), 1e-11 * all.mean());
    EXPECT_NEAR(left.variance(), all.variance(), 1e-10 * all.variance());
    EXPECT_NEAR(left.skewness(), all.skewness(), 1e-8);
    EXPECT_NEAR(left.kurtosis(), all.kurtosis(), 1e-7);
  }
}

TEST(Moments, SmallAndConstant) {
  Moments moments;
  EXPECT_TRUE(std::isnan(moments.mean()));
  EXPECT_TRUE(std::isnan(moments.population_variance()));
  moments.add(3.0);
  EXPECT_EQ(moments.mean(), 3.0);
  EXPECT_TRUE(std::isnan(moments.variance()));
  EXPECT_EQ(moments.population_variance(), 0.0);
  moments.add(3.0);
  EXPECT_EQ(moments.variance(), 0.0);
  EXPECT_TRUE(std::isnan(moments.skewness()));
  Moments empty;
  empty.merge(moments);
  EXPECT_EQ(empty, moments);
  moments.merge(Moments{});
  EXPECT_EQ(empty, moments);
}

TEST(Moments, NanPoisonsAsStated) {
  Moments moments;
  moments.add(1.0);
  moments.add(std::nan(""));
  EXPECT_TRUE(std::isnan(moments.mean()));
}

}  // namespace
}  // namespace emdyn::math
