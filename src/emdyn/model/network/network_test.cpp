#include "emdyn/model/network/network.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"

namespace emdyn::model {
namespace {

Layer linear(std::vector<float> weight, std::vector<float> bias, std::int64_t in) {
  const auto out = static_cast<std::int64_t>(bias.size());
  return {.kind = LayerKind::linear,
          .name = "linear",
          .tensors = {{"weight", torch::tensor(weight).view({out, in})},
                      {"bias", torch::tensor(bias)}}};
}

// f(x) = W2 relu(W1 x + b1) + b2 by hand: x = (1, 2) gives hidden (relu(1 - 2), relu(1 + 2 - 1)) =
// (0, 2), logits (2 * 2 + 1, -2).
Network tiny() {
  return {{.input = {2}, .classes = 2, .low = -10, .high = 10},
          {linear({1, -1, 1, 1}, {0, -1}, 2),
           {.kind = LayerKind::relu},
           linear({5, 2, 3, -1}, {1, 0}, 2)}};
}

TEST(Network, ComputesByHand) {
  Ledger ledger;
  const torch::Tensor logits = tiny().logits(torch::tensor({{1.F, 2.F}}), ledger);
  EXPECT_FLOAT_EQ(logits[0][0].item<float>(), 5.F);
  EXPECT_FLOAT_EQ(logits[0][1].item<float>(), -2.F);
  EXPECT_EQ(ledger, (Ledger{1, 0}));
  EXPECT_FLOAT_EQ(tiny().features(torch::tensor({{1.F, 2.F}}), ledger)[0][1].item<float>(), 2.F);
}

TEST(Network, GradientIsThatOfEachExampleAlone) {
  Ledger ledger;
  const auto found = tiny().gradient(
      torch::tensor({{1.F, 2.F}, {3.F, 1.F}}),
      [](const torch::Tensor& logits) { return logits.select(1, 0); }, ledger);
  // Active units: only the second at (1, 2): 2 * (1, 1). Both at (3, 1): 5 * (1, -1) + 2 * (1, 1).
  EXPECT_TRUE(torch::equal(found.input, torch::tensor({{2.F, 2.F}, {7.F, -3.F}})));
  EXPECT_EQ(ledger, (Ledger{0, 2}));
}

TEST(Network, JacobianRowsEqualGradients) {
  Ledger ledger;
  const torch::Tensor inputs = torch::tensor({{1.F, 2.F}, {3.F, 1.F}});
  const torch::Tensor each = torch::eye(2).expand({2, 2, 2});
  const auto found = tiny().jacobian(inputs, each, ledger);
  for (std::int64_t k = 0; k < 2; ++k) {
    const auto one = tiny().gradient(
        inputs, [&](const torch::Tensor& logits) { return logits.select(1, k); }, ledger);
    EXPECT_TRUE(torch::equal(found.rows.select(1, k), one.input));
  }
  EXPECT_EQ(ledger.gradient, 8);
}

TEST(Network, RefusesWhatDoesNotFit) {
  Ledger ledger;
  EXPECT_THROW(tiny().logits(torch::zeros({1, 3}), ledger), ModelError);
  EXPECT_THROW(tiny().logits(torch::zeros({1, 2}, torch::kFloat64), ledger), ModelError);
  EXPECT_THROW(Network({.input = {3}, .classes = 2}, {linear({1, 1, 1, 1}, {0, 0}, 2)}),
               ModelError);
  EXPECT_THROW(Network({.input = {2}, .classes = 2}, {linear({1, 1, 1, NAN}, {0, 0}, 2)}),
               ModelError);
}

}  // namespace
}  // namespace emdyn::model
