#include "emdyn/math/elementary.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emdyn/core/philox.hpp"

namespace emdyn::math {
namespace {

double ulps(double found, double exact) {
  const double step =
      std::nextafter(std::abs(exact), std::numeric_limits<double>::infinity()) - std::abs(exact);
  return std::abs(found - exact) / step;
}

TEST(Elementary, KnownValues) {
  EXPECT_EQ(log1p_positive(0.0), 0.0);
  EXPECT_NEAR(log1p_positive(1.0), 0.6931471805599453, 1e-16);
  EXPECT_EQ(exp_negative(0.0), 1.0);
  EXPECT_NEAR(exp_negative(-1.0), 0.36787944117144233, 1e-16);
  EXPECT_EQ(exp_negative(-1e9), 0.0);
  EXPECT_EQ(exp_negative(-std::numeric_limits<double>::infinity()), 0.0);
}

// Property: within 2 ulp of the library's over the whole range.
TEST(Elementary, WithinTwoUlpOfTheLibrary) {
  Philox random(3);
  double worst_log = 0.0;
  double worst_exp = 0.0;
  for (int i = 0; i < 200000; ++i) {
    const double x = std::exp(random.uniform() * 700.0 - 60.0);
    worst_log = std::max(worst_log, ulps(log1p_positive(x), std::log1p(x)));
    const double near = random.uniform() * 3.0;
    worst_log = std::max(worst_log, ulps(log1p_positive(near), std::log1p(near)));
    const double t = i % 2 == 0 ? -708.0 * random.uniform() : -random.uniform();
    worst_exp = std::max(worst_exp, ulps(exp_negative(t), std::exp(t)));
  }
  EXPECT_LE(worst_log, 2.0);
  EXPECT_LE(worst_exp, 2.0);
}

}  // namespace
}  // namespace emdyn::math
