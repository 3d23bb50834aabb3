#include "emdyn/model/lab/grokking/modular.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "emdyn/core/error.hpp"

namespace emdyn::model::lab {
namespace {

TEST(Modular, OperationsByHand) {
  EXPECT_EQ(apply_operation(Operation::add, 5, 4, 7), 2);
  EXPECT_EQ(apply_operation(Operation::sub, 2, 5, 7), 4);
  EXPECT_EQ(apply_operation(Operation::mul, 5, 4, 7), 6);
  EXPECT_EQ(apply_operation(Operation::div, 1, 3, 7), 5);  // 3 · 5 = 15 = 1
  EXPECT_EQ(apply_operation(Operation::x2_plus_y2, 3, 6, 7), 3);
  EXPECT_EQ(apply_operation(Operation::x3_plus_xy, 2, 3, 7), 0);
}

TEST(Modular, DivisionUndoesMultiplication) {
  for (std::uint32_t x = 0; x < 31; ++x) {
    for (std::uint32_t y = 1; y < 31; ++y) {
      const std::uint32_t quotient = apply_operation(Operation::div, x, y, 31);
      EXPECT_EQ(apply_operation(Operation::mul, quotient, y, 31), x);
    }
  }
}

TEST(Modular, PrimesByHand) {
  for (const std::int64_t p : {2, 3, 59, 97, 113, 251}) EXPECT_TRUE(is_prime(p)) << p;
  for (const std::int64_t n : {-7, 0, 1, 4, 57, 91, 121}) EXPECT_FALSE(is_prime(n)) << n;
}

TEST(Modular, DivisionLeavesZeroOut) {
  const auto pairs = all_pairs(Operation::div, 5);
  EXPECT_EQ(pairs.size(), 20U);
  EXPECT_TRUE(std::none_of(pairs.begin(), pairs.end(), [](const Pair& q) { return q.y == 0; }));
  EXPECT_EQ(all_pairs(Operation::mul, 5).size(), 25U);
}

TEST(Modular, SplitIsAPartition) {
  const auto pairs = all_pairs(Operation::add, 11);
  const PairSplit split = split_pairs(pairs, 0.3, Philox(5));
  EXPECT_EQ(split.train.size(), 36U);  // round(0.3 · 121)
  std::set<std::pair<int, int>> seen;
  for (const auto* part : {&split.train, &split.test}) {
    for (const Pair& pair : *part) seen.insert({pair.x, pair.y});
  }
  EXPECT_EQ(seen.size(), pairs.size());
  EXPECT_EQ(split.train, split_pairs(pairs, 0.3, Philox(5)).train);
  EXPECT_NE(split.train, split_pairs(pairs, 0.3, Philox(6)).train);
}

TEST(Modular, SplitRefusesAnEmptyPart) {
  const auto pairs = all_pairs(Operation::add, 3);
  EXPECT_THROW(split_pairs(pairs, 0.0, Philox(1)), ConfigError);
  EXPECT_THROW(split_pairs(pairs, 0.01, Philox(1)), ConfigError);
  EXPECT_THROW(split_pairs(pairs, 1.0, Philox(1)), ConfigError);
}

TEST(Modular, TokenOrderMakesMultiplicationAShift) {
  const auto order = token_order(Operation::mul, 7);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 3, 2, 6, 4, 5}));  // powers of 3
  for (const std::uint32_t p : {5U, 59U, 97U}) {
    auto tokens = token_order(Operation::div, p);
    std::sort(tokens.begin(), tokens.end());
    ASSERT_EQ(tokens.size(), p - 1);
    for (std::uint32_t i = 0; i + 1 < p; ++i) EXPECT_EQ(tokens[i], i + 1);
  }
}

}  // namespace
}  // namespace emdyn::model::lab
