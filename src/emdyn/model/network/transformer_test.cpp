#include "emdyn/model/network/transformer.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"

namespace emdyn::model {
namespace {

std::vector<Question> table(std::int64_t p) {
  std::vector<Question> questions;
  for (std::int64_t x = 0; x < p; ++x) {
    for (std::int64_t y = 0; y < p; ++y) questions.push_back({x, y, (x + y) % p});
  }
  return questions;
}

TEST(Transformer, GradientIsTheFiniteDifference) {
  for (const bool squared : {false, true}) {
    Transformer network({.classes = 11, .width = 8, .squared_error = squared}, Philox(4));
    const auto questions = table(11);
    network.forward_backward(questions);
    const std::vector<float> slopes(network.gradients().begin(), network.gradients().end());
    float largest = 0.0F;
    for (const float slope : slopes) largest = std::max(largest, std::abs(slope));
    ASSERT_GT(largest, 0.0F);
    const auto weights = network.parameters();
    for (std::size_t i = 0; i < weights.size(); i += 13) {
      const float saved = weights[i];
      weights[i] = saved + 2e-3F;
      const double high = network.evaluate(questions).loss;
      weights[i] = saved - 2e-3F;
      const double low = network.evaluate(questions).loss;
      weights[i] = saved;
      // Single precision and ReLU kinks leave about 1 % of the largest slope.
      EXPECT_NEAR(static_cast<double>(slopes[i]), (high - low) / 4e-3,
                  0.02 * static_cast<double>(largest))
          << i;
    }
  }
}

TEST(Transformer, ZeroWeightsGiveTheUniformLossAndNoRightAnswer) {
  Transformer network({.classes = 7, .width = 4}, Philox(1));
  for (float& weight : network.parameters()) weight = 0.0F;
  const auto result = network.evaluate(table(7));
  EXPECT_NEAR(result.loss, std::log(7.0), 1e-6);
  EXPECT_EQ(result.accuracy, 0.0);
}

TEST(Transformer, EqualBitsForEveryNumberOfThreads) {
  Transformer network({.classes = 13, .width = 16}, Philox(2));
  std::vector<float> first;
  for (const std::size_t threads : {1U, 2U, 2U}) {
    const ThreadLimit limit(threads);
    network.forward_backward(table(13));
    const std::vector<float> slopes(network.gradients().begin(), network.gradients().end());
    if (first.empty()) first = slopes;
    EXPECT_EQ(slopes, first);
  }
}

TEST(Transformer, NamesItsMatrices) {
  Transformer network({.classes = 7, .width = 8}, Philox(1));
  const auto matrices = network.matrices();
  ASSERT_EQ(matrices.size(), 8U);
  EXPECT_EQ(matrices.front().name, "embedding");
  EXPECT_EQ(matrices.front().weights.rows, 7U);
  EXPECT_EQ(matrices.back().name, "output");
  const auto hidden = network.hidden(table(7));
  EXPECT_EQ(hidden.rows, 49U);
  EXPECT_EQ(hidden.columns, 32U);
}

TEST(Transformer, RefusesAWidthItsHeadsDoNotDivide) {
  EXPECT_THROW(Transformer({.classes = 7, .width = 10}, Philox(1)), ConfigError);
}

}  // namespace
}  // namespace emdyn::model
