#include "emdyn/math/false_discovery.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/philox.hpp"

namespace emdyn::math {
namespace {

TEST(FalseDiscovery, PublishedExample) {
  // Benjamini & Hochberg (1995), section 4: fifteen p-values, four found at 5 %.
  const std::vector<double> p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                              0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  const auto q = q_values(p, Dependence::positive);
  int found = 0;
  for (const double each : q) found += each <= 0.05;
  EXPECT_EQ(found, 4);
  EXPECT_NEAR(q[0], 0.0001 * 15, 1e-12);
  EXPECT_NEAR(q[3], 0.0095 * 15 / 4, 1e-12);
  const auto any = q_values(p, Dependence::any);
  double harmonic = 0.0;
  for (int k = 1; k <= 15; ++k) harmonic += 1.0 / k;
  EXPECT_NEAR(any[0], q[0] * harmonic, 1e-12);
}

TEST(FalseDiscovery, OrderNansAndSingles) {
  const auto q = q_values(std::vector<double>{0.5, std::nan(""), 0.01}, Dependence::positive);
  EXPECT_TRUE(std::isnan(q[1]));
  EXPECT_DOUBLE_EQ(q[2], 0.02);
  EXPECT_DOUBLE_EQ(q[0], 0.5);
  EXPECT_TRUE(q_values({}, Dependence::any).empty());
  EXPECT_DOUBLE_EQ(q_values(std::vector<double>{0.03}, Dependence::any)[0], 0.03);
}

TEST(FalseDiscovery, SeldomFindsAnythingWhereAllIsNull) {
  Philox random(5);
  int runs_with_a_find = 0;
  for (int run = 0; run < 400; ++run) {
    std::vector<double> p(50);
    for (double& each : p) each = random.uniform();
    bool any = false;
    for (const double q : q_values(p, Dependence::positive)) any = any || q <= 0.05;
    runs_with_a_find += any;
  }
  EXPECT_LE(runs_with_a_find, 36);  // 20 expected, deviation 4.4.
}

}  // namespace
}  // namespace emdyn::math
