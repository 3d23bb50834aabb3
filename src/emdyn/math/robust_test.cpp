#include "emdyn/math/robust.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/math/rolling_median.hpp"

namespace emdyn::math {
namespace {

TEST(Robust, ByHand) {
  const std::vector<double> values{4.0, 1.0, 3.0, 100.0};
  EXPECT_EQ(median(values), 3.5);
  EXPECT_EQ(mad(values), 1.5);  // |.| = .5 2.5 .5 96.5
  EXPECT_EQ(quantile(values, 0.0), 1.0);
  EXPECT_EQ(quantile(values, 1.0), 100.0);
  EXPECT_DOUBLE_EQ(quantile(values, 0.25), 2.5);  // position 0.75 of 1 3 4 100
  EXPECT_EQ(median(std::vector<double>{7.0}), 7.0);
  EXPECT_NEAR(kMadToSigma * normal_quantile(0.75), 1.0, 1e-14);
}

TEST(Robust, SortedQuantileAgrees) {
  Philox random(3);
  std::vector<double> values(101);
  for (double& value : values) value = random.normal();
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i <= 40; ++i) {
    EXPECT_DOUBLE_EQ(quantile(values, i / 40.0), sorted_quantile(sorted, i / 40.0));
  }
}

TEST(Robust, MeanIsCompensated) {
  const std::vector<double> values{1e16, 1.0, 1.0, -1e16};
  EXPECT_EQ(mean(values), 0.5);
  EXPECT_TRUE(std::isnan(mean({})));
}

TEST(Robust, Rejects) {
  const std::vector<double> values{1.0, 2.0};
  EXPECT_THROW(median({}), DataError);
  EXPECT_THROW(mad({}), DataError);
  EXPECT_THROW(quantile(values, 1.5), ConfigError);
  EXPECT_THROW(quantile(values, std::nan("")), ConfigError);
  EXPECT_TRUE(std::isnan(median(std::vector<double>{1.0, std::nan(""), 2.0})));
  EXPECT_THROW(RollingMedian(0), ConfigError);
}

TEST(RollingMedian, EqualsRecomputing) {
  Philox random(11);
  for (const std::size_t window : {1U, 2U, 5U, 16U, 51U}) {
    RollingMedian rolling(window);
    std::vector<double> all;
    for (int i = 0; i < 400; ++i) {
      // Many ties: a third of the values are small integers.
      const double x = i % 3 == 0 ? static_cast<double>(random.below(4)) : random.normal();
      all.push_back(x);
      ASSERT_TRUE(rolling.push(x));
      const std::size_t have = std::min(window, all.size());
      const std::vector<double> last(all.end() - static_cast<std::ptrdiff_t>(have), all.end());
      ASSERT_EQ(rolling.size(), have);
      ASSERT_DOUBLE_EQ(rolling.median(), median(last));
      ASSERT_NEAR(rolling.mad(), mad(last), 1e-15);
      ASSERT_DOUBLE_EQ(rolling.quantile(0.9), quantile(last, 0.9));
      ASSERT_TRUE(std::is_sorted(rolling.sorted().begin(), rolling.sorted().end()));
    }
  }
}

TEST(RollingMedian, IgnoresWhatIsNotFinite) {
  RollingMedian rolling(3);
  EXPECT_TRUE(std::isnan(rolling.median()));
  EXPECT_TRUE(std::isnan(rolling.mad()));
  EXPECT_FALSE(rolling.push(std::nan("")));
  EXPECT_FALSE(rolling.push(std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(rolling.push(-0.0));
  EXPECT_TRUE(rolling.push(0.0));
  EXPECT_TRUE(rolling.push(5.0));
  EXPECT_TRUE(rolling.push(6.0));
  EXPECT_TRUE(rolling.push(7.0));
  EXPECT_EQ(rolling.median(), 6.0);
  EXPECT_EQ(rolling.mad(), 1.0);
  EXPECT_TRUE(rolling.full());
  rolling.clear();
  EXPECT_EQ(rolling.size(), 0U);
  EXPECT_TRUE(std::isnan(rolling.quantile(0.5)));
}

}  // namespace
}  // namespace emdyn::math
