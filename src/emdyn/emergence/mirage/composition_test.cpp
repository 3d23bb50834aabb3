#include "emdyn/emergence/mirage/composition.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/mirage/resolution.hpp"

namespace emdyn::emergence::mirage {
namespace {

struct Made {
  std::vector<double> surprise, graded;
};
Made exact(double tokens, double chance) {
  Made made;
  for (int i = 0; i < 20; ++i) {
    made.surprise.push_back(.5 * std::pow(.8, i));
    made.graded.push_back(composed(made.surprise.back(), tokens, chance));
  }
  return made;
}

TEST(Composition, RecoversTheLengthOfExactData) {
  for (const double tokens : {.5, 1.0, 4.0, 30.0}) {
    const Made made = exact(tokens, .0);
    const auto fit = fit_composition({made.surprise, made.graded, 1000, 0});
    ASSERT_TRUE(fit);
    EXPECT_NEAR(fit->tokens.estimate, tokens, 1e-4 * tokens);
    EXPECT_GT(fit->explained, 1.0 - 1e-9);
    EXPECT_GT(*fit->p_value, .999);
  }
}

TEST(Composition, KnowsChance) {
  const Made made = exact(7.0, .25);
  const auto fit = fit_composition({made.surprise, made.graded, 1000, .25});
  EXPECT_NEAR(fit->tokens.estimate, 7.0, 1e-3);
}

TEST(Composition, AWrongKnownLengthIsToldAndTheRightOneKept) {
  const Made made = exact(5.0, 0.0);
  EXPECT_LT(*fit_composition({made.surprise, made.graded, 1000, 0}, 10.0)->known_p_value, 1e-6);
  EXPECT_GT(*fit_composition({made.surprise, made.graded, 1000, 0}, 5.0)->known_p_value, .99);
}

// Coverage of the profile interval: 200 data sets of 100 items a point; binomial noise alone.
TEST(Composition, IntervalHoldsTheLength) {
  int held = 0;
  constexpr int kSets = 200;
  for (int set = 0; set < kSets; ++set) {
    Philox random(11, static_cast<std::uint64_t>(set));
    Made made = exact(6.0, 0.0);
    for (double& share : made.graded) {
      int right = 0;
      for (int i = 0; i < 100; ++i) right += random.uniform() < share ? 1 : 0;
      share = right / 100.0;
    }
    const auto fit = fit_composition({made.surprise, made.graded, 100, 0});
    held += fit->tokens.low <= 6.0 && 6.0 <= fit->tokens.high ? 1 : 0;
  }
  EXPECT_GE(held, 172);  // 90 % of 200 is 180, its deviation 4.2.
}

TEST(Composition, SaysNothingWhereThereIsNothing) {
  const std::vector<double> three{.1, .2, .3}, flat{.5, .5, .5}, two{.1, .2};
  EXPECT_FALSE(fit_composition({three, flat, 0, 0}));
  EXPECT_FALSE(fit_composition({flat, three, 0, 0}));
  EXPECT_FALSE(fit_composition({two, two, 0, 0}));
  EXPECT_THROW(fit_composition({three, two, 0, 0}), DataError);
  EXPECT_THROW(fit_composition({three, three, 0, 1.0}), ConfigError);
  EXPECT_THROW(fit_composition({three, three, 0, 0}, -1.0), ConfigError);
}

TEST(Resolution, ItemsToSee) {
  EXPECT_DOUBLE_EQ(items_to_see(.01, .9), 230);  // ln .1/ln .99 = 229.1
  EXPECT_DOUBLE_EQ(items_to_see(.5, .9), 4);     // ½⁴ = .0625
  EXPECT_THROW(items_to_see(0.0), ConfigError);
}

TEST(Resolution, ItemsToTellFromChance) {
  // (1.959964·√.1875 + 1.281552·√.21)²/.05² = 824.8
  EXPECT_DOUBLE_EQ(items_to_tell(.30, .25), 825);
  EXPECT_THROW(items_to_tell(.25, .25), ConfigError);
}

TEST(Resolution, PowerIsTheBinomialTail) {
  EXPECT_NEAR(power_of_items(100, .05, 0.0), 1.0 - std::pow(.95, 100), 1e-12);
  // Under a coin of 1/2, 8 of 10 or more have tail .0547, 9 or more .0107: nine are needed.
  EXPECT_NEAR(power_of_items(10, .9, .5), 10 * std::pow(.9, 9) * .1 + std::pow(.9, 10), 1e-12);
  EXPECT_GT(power_of_items(825, .30, .25), .9);
}

}  // namespace
}  // namespace emdyn::emergence::mirage
