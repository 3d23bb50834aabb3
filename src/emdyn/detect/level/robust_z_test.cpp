#include "emdyn/detect/level/robust_z.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/test_streams.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::detect {
namespace {

// Known answer, by hand: median 4.5, MAD 2, so 14.5 is 0.6745 * 10 / 2 away.
TEST(RobustZ, IsTheModifiedZScore) {
  RobustZ rule({.window_samples = 8, .warmup_samples = 8, .threshold = 1.0});
  for (int i = 1; i <= 8; ++i) rule.update(i);
  EXPECT_NEAR(rule.update(14.5), 0.6744897501960817 * 10.0 / 2.0, 1e-9);
  EXPECT_EQ(rule.evidence().direction, Direction::rise);
}

// Property: median and MAD of the sorted window equal those of sorting from scratch.
TEST(SortedWindow, AgreesWithSorting) {
  Philox random(6);
  for (const std::size_t capacity : {8UL, 9UL}) {
    math::SortedWindow window(capacity);
    std::vector<double> all;
    for (int i = 0; i < 300; ++i) {
      const double sample = random.below(12);
      all.push_back(sample);
      window.push(sample);
      const std::size_t size = std::min(all.size(), capacity);
      const std::vector<double> last(all.end() - static_cast<std::ptrdiff_t>(size), all.end());
      ASSERT_EQ(window.median(), math::median(last));
      ASSERT_EQ(window.mad(window.median()), math::mad(last));
      ASSERT_EQ(window.recent(0), sample);
      ASSERT_EQ(window.recent(size - 1), last.front());
    }
  }
}

// Property: outliers in the window do not mask the next one.
TEST(RobustZ, IsNotMaskedByOutliers) {
  Philox random(7);
  RobustZ rule(RobustZ::Config{});
  for (int i = 0; i < 200; ++i) rule.update(random.normal() + (i % 5 == 0 ? 50.0 : 0.0));
  EXPECT_GT(rule.update(50.0), 5.0);
}

// Quantised data: most of the window is one value, so the MAD is 0.
TEST(RobustZ, CopesWithAMadOfZero) {
  RobustZ rule({.window_samples = 20, .warmup_samples = 20});
  for (int i = 0; i < 20; ++i) rule.update(i % 5 == 0 ? 1.0 : 0.0);
  // Mean absolute deviation 0.2: z = 1 / (1.2533 * 0.2).
  EXPECT_NEAR(rule.update(1.0), 1.0 / (1.2533141373155003 * 0.2) / 3.5, 1e-9);
}

TEST(RobustZ, RejectsAWarmUpLongerThanTheWindow) {
  EXPECT_THROW(RobustZ({.window_samples = 10, .warmup_samples = 11}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
