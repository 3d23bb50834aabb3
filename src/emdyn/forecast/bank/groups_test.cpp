#include "emdyn/forecast/bank/groups.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::forecast {
namespace {

TEST(Groups, FoldsKeepGroupsWholeAndBalanceTheClasses) {
  std::vector<std::size_t> groups;
  std::vector<double> labels;
  for (std::size_t g = 0; g < 40; ++g) {
    for (int row = 0; row < 3; ++row) {
      groups.push_back(g);
      labels.push_back(g < 20 ? 1.0 : 0.0);
    }
  }
  const auto folds = grouped_folds(groups, labels, 4, 9);
  ASSERT_EQ(folds.size(), 40u);
  for (std::size_t fold = 0; fold < 4; ++fold) {
    EXPECT_EQ(std::count(folds.begin(), folds.begin() + 20, fold), 5);
    EXPECT_EQ(std::count(folds.begin() + 20, folds.end(), fold), 5);
  }
  EXPECT_EQ(folds, grouped_folds(groups, labels, 4, 9));
  EXPECT_NE(folds, grouped_folds(groups, labels, 4, 10));
}

TEST(Groups, FoldsNeedEnoughGroups) {
  const std::vector<std::size_t> groups{0, 1, 2};
  const std::vector<double> labels{0, 1, 0};
  EXPECT_THROW(grouped_folds(groups, labels, 4, 1), ConfigError);
  EXPECT_THROW(grouped_folds(groups, labels, 1, 1), ConfigError);
}

TEST(Groups, ResamplesDrawAsManyGroupsAsThereAre) {
  std::vector<double> total(30, 0.0);
  for (std::uint64_t b = 0; b < 400; ++b) {
    const auto drawn = resample_groups(30, 4, b);
    EXPECT_EQ(std::accumulate(drawn.begin(), drawn.end(), 0.0), 30.0);
    for (std::size_t g = 0; g < 30; ++g) total[g] += drawn[g];
  }
  for (const double count : total) EXPECT_NEAR(count, 400.0, 120.0);  // 6 standard deviations
  EXPECT_EQ(resample_groups(30, 4, 7), resample_groups(30, 4, 7));
  EXPECT_NE(resample_groups(30, 4, 7), resample_groups(30, 4, 8));
}

TEST(Groups, RowsInheritTheirGroupsMultiplicity) {
  const std::vector<std::size_t> groups{0, 0, 1};
  const std::vector<double> multiplicity{2.0, 0.0};
  EXPECT_EQ(row_weights(groups, multiplicity), (std::vector<double>{2.0, 2.0, 0.0}));
}

}  // namespace
}  // namespace emdyn::forecast
