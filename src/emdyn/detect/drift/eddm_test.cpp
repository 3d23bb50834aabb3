#include "emdyn/detect/drift/eddm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"

namespace emdyn::detect {
namespace {

// Known answer, by hand: 30 errors 10 apart set the best reach to 10; then errors 1 apart.
TEST(Eddm, ComparesDistancesWithTheBest) {
  Eddm eddm(Eddm::Config{});
  for (int i = 1; i <= 300; ++i) EXPECT_EQ(eddm.update(i % 10 == 0 ? 1.0 : 0.0), 0.0);
  // Mean (30 * 10 + 1) / 31 = 9.7097, deviation 1.5898: the reach has grown to 12.889.
  EXPECT_EQ(eddm.update(1.0), 0.0);
  double reach = 0.0;
  double mean = 301.0 / 31.0;
  double squares = 300.0 / 31.0 * 10.0 + 1.0 / 31.0 - mean * mean;
  const double best = mean + 2.0 * std::sqrt(squares);
  double score = 0.0;
  for (int n = 32; n <= 60; ++n) {
    score = eddm.update(1.0);
    mean = (300.0 + n - 30.0) / n;
    squares = (3000.0 + n - 30.0) / n - mean * mean;
    reach = mean + 2.0 * std::sqrt(squares);
    const double most = std::max(best, reach);
    if (reach >= best) continue;
    ASSERT_LT(std::abs(score - (1.0 - reach / most) / 0.1), 2.0);
  }
  EXPECT_GT(score, 0.0);
}

// Property: a doubling of the error rate is found; a steady rate rarely alarms.
TEST(Eddm, FindsErrorsThatComeCloser) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Philox random(seed);
    Eddm eddm(Eddm::Config{});
    for (int i = 0; i < 2000; ++i) eddm.update(random.uniform() < 0.1 ? 1.0 : 0.0);
    bool alarm = false;
    for (int i = 0; i < 1000; ++i) alarm |= eddm.update(random.uniform() < 0.5 ? 1.0 : 0.0) > 1.0;
    found += alarm;
  }
  EXPECT_EQ(found, 20);
}

TEST(Eddm, WarnsBeforeItDrifts) {
  Philox random(1);
  Eddm eddm(Eddm::Config{});
  int warning = -1;
  for (int i = 0; i < 4000; ++i) {
    const double score = eddm.update(random.uniform() < (i < 2000 ? 0.1 : 0.4) ? 1.0 : 0.0);
    if (eddm.warns() && warning < 0) warning = i;
    if (score > 1.0) {
      EXPECT_GE(warning, 0);
      EXPECT_LE(warning, i);
      return;
    }
  }
  FAIL() << "no drift";
}

TEST(Eddm, RejectsAShareOfOne) { EXPECT_THROW(Eddm({.drift = 1.0}), ConfigError); }

}  // namespace
}  // namespace emdyn::detect
