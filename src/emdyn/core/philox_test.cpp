#include "emdyn/core/philox.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace emdyn {
namespace {

// Published known answers of Philox4x32-10 (Random123's kat_vectors).
TEST(Philox, MatchesPublishedVectors) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Philox, EqualSeedsGiveEqualNumbersAndStreamsDiffer) {
  Philox a(7, 1);
  Philox b(7, 1);
  Philox other(7, 2);
  int equal = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto word = a();
    EXPECT_EQ(word, b());
    equal += word == other() ? 1 : 0;
  }
  EXPECT_LT(equal, 3);
}

TEST(Philox, NormalHasTheMomentsOfANormal) {
  Philox random(3);
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  const int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double z = random.normal();
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
  }
  EXPECT_NEAR(sum / n, 0.0, 5.0 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1.0, 5.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5.0 * std::sqrt(96.0 / n));
}

TEST(Philox, BelowIsUniformOverItsRange) {
  Philox random(11);
  std::vector<int> counts(59);
  const int n = 590000;
  for (int i = 0; i < n; ++i) ++counts[random.below(59)];
  double chi2 = 0.0;
  for (const int count : counts) chi2 += (count - 10000.0) * (count - 10000.0) / 10000.0;
  EXPECT_LT(chi2, 100.0);  // 58 degrees of freedom: p < 0.0005 beyond 100.
}

}  // namespace
}  // namespace emdyn
