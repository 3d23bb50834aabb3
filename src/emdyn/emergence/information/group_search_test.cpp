#include "emdyn/emergence/information/group_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/multivariate.hpp"
#include "emdyn/emergence/information/test_systems.hpp"

namespace emdyn::emergence::information {
namespace {

/// The best of all groups of the sizes sought, by trying each.
FoundGroup by_trying(const Eigen::MatrixXd& covariance, const GroupSearchOptions& options) {
  FoundGroup best;
  const double sign = options.sought == Sought::synergy ? 1.0 : -1.0;
  double least = 1e9;
  for (auto size = static_cast<std::size_t>(options.smallest);
       size <= static_cast<std::size_t>(options.largest); ++size) {
    const ScoredGroups all = o_information_of_all(covariance, size);
    for (std::size_t i = 0; i < all.masks.size(); ++i) {
      if (sign * all.o_information[i] >= least) continue;
      least = sign * all.o_information[i];
      best.group = all.group(i);
      best.o_information = all.o_information[i];
    }
  }
  return best;
}

TEST(GroupSearch, FindsTheBestOfAll) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Eigen::MatrixXd covariance = random_covariance(12, seed);
    for (const Sought sought : {Sought::synergy, Sought::redundancy}) {
      GroupSearchOptions options;
      options.sought = sought;
      options.largest = 5;
      const FoundGroup found = find_group(covariance, options);
      const FoundGroup best = by_trying(covariance, options);
      EXPECT_EQ(found.group, best.group) << seed;
      EXPECT_NEAR(found.o_information, best.o_information, 1e-10);
    }
  }
}

TEST(GroupSearch, PlantedSynergyAmongMany) {
  // A sum of two independent signals, among sixty others.
  Signals rows = noise(2000, 60, 7);
  rows.col(41) = rows.col(5) + rows.col(17) + 0.3 * rows.col(41);
  const Eigen::MatrixXd covariance = rows.transpose() * rows / 2000.0;
  GroupSearchOptions options;
  options.largest = 3;
  options.samples = 2000;
  const FoundGroup found = find_group(covariance, options);
  EXPECT_EQ(found.group, (Parts{5, 17, 41}));
  EXPECT_LT(found.o_information, -0.5);
  EXPECT_GE(found.scored, 34'220U);
}

TEST(GroupSearch, PlantedRedundancy) {
  Signals rows = noise(2000, 30, 8);
  const Eigen::VectorXd common = noise(2000, 1, 9);
  for (const Eigen::Index member : {2, 11, 12, 25})
    rows.col(member) = common + 0.5 * rows.col(member);
  GroupSearchOptions options;
  options.sought = Sought::redundancy;
  options.largest = 4;
  const FoundGroup found = find_group(rows.transpose() * rows / 2000.0, options);
  EXPECT_EQ(found.group, (Parts{2, 11, 12, 25}));
  EXPECT_GT(found.o_information, 0.7);
}

TEST(GroupSearch, StepsOverCopies) {
  Eigen::MatrixXd covariance = random_covariance(8, 4);
  covariance.row(7) = covariance.row(0);
  covariance.col(7) = covariance.col(0);
  const FoundGroup found = find_group(covariance);
  ASSERT_FALSE(found.group.empty());
  const bool both = std::count(found.group.begin(), found.group.end(), 0U) +
                        std::count(found.group.begin(), found.group.end(), 7U) ==
                    2;
  EXPECT_FALSE(both);
}

TEST(GroupSearch, SameWhateverTheThreads) {
  const Eigen::MatrixXd covariance = random_covariance(25, 5);
  const FoundGroup many = find_group(covariance);
  const ThreadLimit one(1);
  const FoundGroup alone = find_group(covariance);
  EXPECT_EQ(alone.group, many.group);
  EXPECT_EQ(alone.o_information, many.o_information);
}

TEST(GroupSearch, Rejected) {
  EXPECT_THROW(find_group(equicorrelated(2, 0.1)), DataError);
  EXPECT_THROW(find_group(Eigen::MatrixXd::Zero(4, 4)), DataError);
  GroupSearchOptions options;
  options.smallest = 5;
  options.largest = 4;
  EXPECT_THROW(find_group(equicorrelated(6, 0.1), options), ConfigError);
  options.smallest = 2;
  EXPECT_THROW(find_group(equicorrelated(6, 0.1), options), ConfigError);
  options = {};
  options.samples = 6;
  EXPECT_THROW(find_group(equicorrelated(6, 0.1), options), DataError);
}

}  // namespace
}  // namespace emdyn::emergence::information
