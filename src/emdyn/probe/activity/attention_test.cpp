#include "emdyn/probe/activity/attention.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

TEST(Attention, UniformAndOneHot) {
  const std::vector<double> weights = {.25, .25, .25, .25, 0, 1, 0, 0};
  const AttentionProfile profile = attention_from_weights(view(weights, 2, 4));
  EXPECT_NEAR(profile.entropy.value, std::log(4.0) / 2.0, 1e-12);
  EXPECT_NEAR(*profile.entropy.standard_error, std::log(4.0) / 2.0, 1e-12);
  EXPECT_NEAR(profile.share_of_uniform, 1.0, 1e-12) << "one key only has no share";
  EXPECT_EQ(profile.max_weight, 1.0);
  EXPECT_TRUE(std::isnan(profile.max_logit));
}

TEST(Attention, LogitsGiveTheEntropyOfTheirSoftmax) {
  const auto logits = normal_entries(6 * 6, 3);
  std::vector<double> weights(36, 0.0);
  double largest = 0.0;
  for (std::size_t i = 0; i < 6; ++i) {
    double total = 0.0;
    for (std::size_t j = 0; j <= i; ++j) {
      total += std::exp(logits[6 * i + j]);
      largest = std::max(largest, std::abs(logits[6 * i + j]));
    }
    for (std::size_t j = 0; j <= i; ++j) weights[6 * i + j] = std::exp(logits[6 * i + j]) / total;
  }
  const AttentionProfile from_weights = attention_from_weights(view(weights, 6, 6));
  const AttentionProfile causal = attention_from_logits(view(logits, 6, 6), true);
  EXPECT_NEAR(causal.entropy.value, from_weights.entropy.value, 1e-12);
  EXPECT_NEAR(causal.share_of_uniform, from_weights.share_of_uniform, 1e-12);
  EXPECT_NEAR(causal.max_weight, from_weights.max_weight, 1e-12);
  EXPECT_DOUBLE_EQ(causal.max_logit, largest);
  // The same mask by −infinity.
  auto masked = logits;
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = i + 1; j < 6; ++j) masked[6 * i + j] = -HUGE_VAL;
  }
  EXPECT_NEAR(attention_from_logits(view(masked, 6, 6)).entropy.value, causal.entropy.value, 1e-12);
}

TEST(Attention, HugeLogitsDoNotOverflow) {
  const std::vector<float> logits = {3e38F, -3e38F, 0.0F};
  const AttentionProfile profile = attention_from_logits(view(logits, 1, 3));
  EXPECT_EQ(profile.entropy.value, 0.0);
  EXPECT_FALSE(profile.entropy.standard_error.has_value());
  EXPECT_EQ(profile.max_weight, 1.0);
}

TEST(Attention, QueriesWithoutKeysAreLeftOut) {
  const std::vector<double> weights = {0, 0, .5, .5};
  EXPECT_EQ(attention_from_weights(view(weights, 2, 2)).queries, 1U);
  const std::vector<double> none(4, -HUGE_VAL);
  const AttentionProfile profile = attention_from_logits(view(none, 2, 2));
  EXPECT_EQ(profile.queries, 0U);
  EXPECT_TRUE(std::isnan(profile.entropy.value));
}

TEST(Attention, RefusesWhatIsNoAttention) {
  const auto refused = [](const std::vector<double>& weights) {
    EXPECT_THROW(attention_from_weights(view(weights, 1, weights.size())), DataError);
  };
  refused({});
  refused({0.5, 0.2});
  refused({1.5, -0.5});
  refused({NAN, 1.0});
  const std::vector<double> logits = {1, NAN, 2, 3};
  EXPECT_THROW(attention_from_logits(view(logits, 2, 2)), DataError);
  EXPECT_THROW(attention_from_logits(view(logits, 4, 1), true), DataError);
  EXPECT_THROW(attention_from_logits(math::MatrixView<float>{}), DataError);
}

}  // namespace
}  // namespace emdyn::probe
