#include "emdyn/detect/drift/kswin.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer: D of u[0, 100) against u[100, 200) + 0.1.
TEST(Kswin, MatchesTheKnownDistance) {
  auto uniform = test::lcg_uniform(200);
  for (std::size_t i = 100; i < 200; ++i) uniform[i] += 0.1;
  Kswin test({.window_samples = 200, .recent_samples = 100});
  for (const double u : uniform) test.update(u);
  EXPECT_NEAR(test.distance(), 0.24, 1e-12);
  EXPECT_EQ(test.evidence().direction, Direction::rise);
}

// Known answer, by hand: ties are counted together.
TEST(Kswin, TiesAreOneStep) {
  BoundedVector<double> a(4);
  BoundedVector<double> b(4);
  for (const double value : {1.0, 1.0, 2.0, 2.0}) a.push_back(value);
  for (const double value : {1.0, 2.0, 2.0, 2.0}) b.push_back(value);
  EXPECT_DOUBLE_EQ(ks_distance(a, b), 0.25);
  EXPECT_DOUBLE_EQ(ks_distance(a, a), 0.0);
}

// Published: Gnedenko & Korolyuk (1951), P(D >= k / n) = 2 [C(2n, n - k) - C(2n, n - 2k) + ...] /
// C(2n, n) for two samples of n.
TEST(Kswin, ItsPValueIsExact) {
  EXPECT_NEAR(ks_exact_sf(3, 3, 1.0), 0.1, 1e-15);
  EXPECT_NEAR(ks_exact_sf(3, 3, 2.0 / 3.0), 0.6, 1e-15);
  EXPECT_NEAR(ks_exact_sf(5, 5, 0.8), 2.0 * 10.0 / 252.0, 1e-15);
  EXPECT_EQ(ks_exact_sf(7, 3, 0.0), 1.0);
  EXPECT_NEAR(ks_exact_sf(60, 60, 0.2), 0.18205691052851009, 1e-12);
}

// Property: one test rejects about as often as alpha says (the limit is a little cautious).
TEST(Kswin, ItsSingleTestIsCalibrated) {
  Philox random(2);
  int rejected = 0;
  constexpr int kRuns = 4000;
  Kswin test({.alpha = 0.05});
  for (int run = 0; run < kRuns; ++run) {
    test.reset();
    double score = 0.0;
    for (int i = 0; i < 100; ++i) score = test.update(random.normal());
    rejected += score > 1.0;
  }
  EXPECT_LE(rejected, 0.055 * kRuns);
  EXPECT_GE(rejected, 0.02 * kRuns);
}

TEST(Kswin, NoticesAChangeOfShape) {
  Philox random(3);
  Kswin test(Kswin::Config{});
  for (int i = 0; i < 300; ++i) test.update(random.normal());
  double most = 0.0;
  for (int i = 0; i < 40; ++i) most = std::max(most, test.update(6.0 * random.normal()));
  EXPECT_GT(most, 1.0);
}

TEST(Kswin, RejectsAYoungerPartThatIsTheLarger) {
  EXPECT_THROW(Kswin({.window_samples = 50, .recent_samples = 40}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
