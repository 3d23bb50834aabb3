#include "emdyn/math/proportion.hpp"

#include <gtest/gtest.h>

namespace emdyn::math {
namespace {

TEST(WilsonInterval, KnownAnswer) {
  // 15 of 148 at 95 %: [.0624, .1605] (Newcombe, Statistics in Medicine 17 (1998), table II).
  const auto found = wilson_interval(15.0 / 148.0, 148.0, 0.95);
  EXPECT_NEAR(found.low, 0.0624, 5e-5);
  EXPECT_NEAR(found.high, 0.1605, 5e-5);
}

TEST(WilsonInterval, HoldsTheShareAndStaysInside) {
  EXPECT_EQ(wilson_interval(0.0, 20.0, 0.95).low, 0.0);
  EXPECT_NEAR(wilson_interval(0.0, 20.0, 0.95).high, 0.1611, 5e-5);
  EXPECT_EQ(wilson_interval(1.0, 20.0, 0.9).high, 1.0);
  EXPECT_EQ(wilson_interval(0.5, 0.0, 0.9).low, 0.0);
  EXPECT_EQ(wilson_interval(0.5, 0.0, 0.9).high, 1.0);
}

}  // namespace
}  // namespace emdyn::math
