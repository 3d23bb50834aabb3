#include "emdyn/emergence/transition/value_range.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace emdyn::emergence {
namespace {

TEST(ValueRange, OfANameAndItsValues) {
  const std::vector<double> share{0.1, 0.5, std::nan(""), 1.0};
  const std::vector<double> percent{10.0, 50.0, 99.0};
  const std::vector<double> positive{0.5, 3.0};
  const std::vector<double> negative{-0.5, 3.0};
  for (const char* name : {"test_accuracy", "val/acc", "lambada_openai/acc", "x/pct_stereotype",
                           "eval/f1", "success_rate", "token_error_rate", "exact_match"}) {
    const ValueRange of_share = value_range(name, share);
    EXPECT_EQ(of_share.low, 0.0) << name;
    EXPECT_EQ(of_share.high, 1.0) << name;
    EXPECT_TRUE(of_share.share && !of_share.percent) << name;
    EXPECT_EQ(value_range(name, percent).high, 100.0) << name;
    EXPECT_TRUE(value_range(name, percent).percent) << name;
    EXPECT_TRUE(std::isinf(value_range(name, negative).low)) << name;
  }
  for (const char* name : {"loss", "val_loss", "train/grad_norm", "learning_rate", "nll"}) {
    EXPECT_EQ(value_range(name, positive).low, 0.0) << name;
    EXPECT_TRUE(std::isinf(value_range(name, positive).high)) << name;
    EXPECT_TRUE(std::isinf(value_range(name, negative).low)) << name;
  }
  EXPECT_EQ(value_range("lambada/ppl", percent).low, 1.0);
  EXPECT_EQ(value_range("lambada/ppl", positive).low, 0.0) << "below 1 it is no perplexity";
  EXPECT_EQ(value_range("log_likelihood", std::vector<double>{-3, -1}).high, 0.0);
  EXPECT_TRUE(std::isinf(value_range("accuracy", std::vector<double>{0.1, 1.03}).high));
  EXPECT_TRUE(std::isinf(value_range("reward", share).high));
  EXPECT_TRUE(std::isinf(value_range("accuracy", {}).high));
}

TEST(ValueRange, ARoundingAboveOneIsNoPercent) {
  const std::vector<double> values{0.2, 1.0 + 1e-7};
  const ValueRange range = value_range("accuracy", values);
  EXPECT_FALSE(range.percent);
  EXPECT_TRUE(range.holds(values[1]));
}

}  // namespace
}  // namespace emdyn::emergence
