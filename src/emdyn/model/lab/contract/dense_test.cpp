#include "emdyn/model/lab/contract/dense.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace emdyn::model::lab {
namespace {

double loss_of(Dense& network, const std::vector<float>& x, const std::vector<float>& y) {
  const auto found = network.forward(x);
  double sum = 0.0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double error = static_cast<double>(found[i]) - static_cast<double>(y[i]);
    sum += error * error;
  }
  return sum / static_cast<double>(y.size());
}

TEST(Dense, ByHand) {
  // One input, one hidden unit, one output: relu(2x − 1) · 3 + 4.
  Dense network({1, 1, 1}, 1.0, Philox(1));
  const auto p = network.parameters();
  p[0] = 2.0F;
  p[16 * 16] = -1.0F;
  p[16 * 16 + 16] = 3.0F;
  p[2 * 16 * 16 + 16] = 4.0F;
  const std::vector<float> x = {2.0F, 0.0F};
  const auto found = network.forward(x);
  EXPECT_FLOAT_EQ(found[0], 13.0F);
  EXPECT_FLOAT_EQ(found[1], 4.0F);
  EXPECT_FLOAT_EQ(static_cast<float>(network.activations(0)(0, 0)), 3.0F);
  // Loss against 0 for the first sample alone: gradient 2 · 13 at the output.
  network.forward_backward(std::vector<float>{2.0F}, std::vector<float>{0.0F});
  EXPECT_FLOAT_EQ(network.gradients()[16 * 16 + 16], 26.0F * 3.0F);
  EXPECT_FLOAT_EQ(network.gradients()[2 * 16 * 16 + 16], 26.0F);
  EXPECT_FLOAT_EQ(network.gradients()[0], 26.0F * 3.0F * 2.0F);
}

TEST(Dense, GradientIsTheFiniteDifference) {
  Dense network({2, 17, 5, 1}, 1.0, Philox(3));
  Philox random(4);
  std::vector<float> x(40);
  std::vector<float> y(20);
  for (float& value : x) value = static_cast<float>(random.normal());
  for (float& value : y) value = static_cast<float>(random.normal());
  EXPECT_NEAR(network.forward_backward(x, y), loss_of(network, x, y), 1e-6);
  const std::vector<float> slopes(network.gradients().begin(), network.gradients().end());
  float largest = 0.0F;
  for (const float slope : slopes) largest = std::max(largest, std::abs(slope));
  const auto weights = network.parameters();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float saved = weights[i];
    if (saved == 0.0F) {
      EXPECT_EQ(slopes[i], 0.0F);
      continue;
    }
    weights[i] = saved + 1e-3F;
    const double high = loss_of(network, x, y);
    weights[i] = saved - 1e-3F;
    const double low = loss_of(network, x, y);
    weights[i] = saved;
    // Single precision and ReLU kinks leave about 1 % of the largest slope.
    EXPECT_NEAR(static_cast<double>(slopes[i]), (high - low) / 2e-3,
                0.015 * static_cast<double>(largest))
        << i;
  }
}

TEST(Dense, WeightsStayWithinTheirBound) {
  Dense network({1, 128, 64, 1}, 1.0, Philox(1));
  for (std::size_t layer = 0; layer < network.layers(); ++layer) {
    const auto view = network.weights(layer);
    const double bound = 1.0 / std::sqrt(static_cast<double>(view.rows));
    for (std::size_t i = 0; i < view.rows; ++i) {
      for (std::size_t j = 0; j < view.columns; ++j) ASSERT_LE(std::abs(view(i, j)), bound);
    }
  }
}

}  // namespace
}  // namespace emdyn::model::lab
