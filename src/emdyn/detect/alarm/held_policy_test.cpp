#include "emdyn/detect/alarm/held_policy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

using HeldChange = HeldPolicy::Change;

std::vector<HeldChange> changes_of(HeldPolicy& policy, const std::vector<double>& scores) {
  std::vector<HeldChange> changes;
  for (const double score : scores) changes.push_back(policy.step(score).change);
  return changes;
}

TEST(HeldPolicy, AnAlarmHasABeginningAndAnEnd) {
  HeldPolicy policy({.alpha = {}, .arm_score = 1.0, .patience_samples = 2});
  const auto changes = changes_of(policy, {0, 2, 2, 0, 0, 2, 0, 0, 0, 0, 2});
  const std::vector<HeldChange> expected{HeldChange::none, HeldChange::begins, HeldChange::none,
                                         HeldChange::none, HeldChange::none,   HeldChange::none,
                                         HeldChange::none, HeldChange::none,   HeldChange::ends,
                                         HeldChange::none, HeldChange::begins};
  EXPECT_EQ(changes, expected);
}

// What lasts stays an alarm however long: nothing is learned of it.
TEST(HeldPolicy, NothingThatComesLaterIsLearned) {
  HeldPolicy policy({});
  Philox random(1);
  for (int i = 0; i < 400; ++i) policy.learn(-std::log1p(-random.uniform()));
  const double before = policy.step(14.0).p_value;
  for (int i = 0; i < 20000; ++i) EXPECT_NE(policy.step(14.0).change, HeldChange::ends);
  EXPECT_EQ(policy.step(14.0).p_value, before);
  EXPECT_LT(before, 1e-3);
}

TEST(HeldPolicy, FewScoresGiveRanks) {
  HeldPolicy policy({.alpha = 0.05});
  for (int i = 1; i <= 99; ++i) policy.learn(i);
  EXPECT_DOUBLE_EQ(policy.step(100.0).p_value, 0.01);
  EXPECT_DOUBLE_EQ(policy.step(99.0).p_value, 0.02);
  EXPECT_DOUBLE_EQ(policy.step(0.5).p_value, 1.0);
  EXPECT_TRUE(policy.step(96.0).exceeds);
  EXPECT_FALSE(policy.step(95.0).exceeds);
}

// Without a budget and with few scores: the textbook's threshold, and above all that was seen.
TEST(HeldPolicy, FewScoresWithoutABudgetAskForTheTextbooksThreshold) {
  HeldPolicy policy({});
  for (int i = 0; i < 50; ++i) policy.learn(0.01 * i);
  EXPECT_FALSE(policy.step(0.9).exceeds);
  EXPECT_TRUE(policy.step(1.1).exceeds);
  HeldPolicy loud({});
  for (int i = 0; i < 50; ++i) loud.learn(3.0);
  EXPECT_FALSE(loud.step(2.9).exceeds);
}

TEST(HeldPolicy, KeepsItsBudget) {
  HeldPolicy policy({.alpha = 0.01});
  Philox random(5);
  for (int i = 0; i < 2000; ++i) policy.learn(std::abs(random.normal()));
  int exceeded = 0;
  for (int i = 0; i < 50000; ++i)
    exceeded += policy.step(std::abs(random.normal())).exceeds ? 1 : 0;
  EXPECT_NEAR(exceeded / 50000.0, 0.01, 0.005);
}

TEST(HeldPolicy, RefusesWhatIsOutOfRange) {
  EXPECT_THROW(HeldPolicy({.alpha = 0.7}), ConfigError);
  EXPECT_THROW(HeldPolicy({.alpha = {}, .arm_score = -1.0}), ConfigError);
  EXPECT_THROW(HeldPolicy({.alpha = 0.1, .arm_score = 1.0}), ConfigError);
  EXPECT_THROW(HeldPolicy({.alpha = {}, .arm_score = {}, .patience_samples = -1}), ConfigError);
}

}  // namespace
}  // namespace emdyn::detect
