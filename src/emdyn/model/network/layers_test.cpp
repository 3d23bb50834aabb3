#include <ATen/Functions.h>
#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/model/network/network.hpp"
#include "emdyn/model/network/network_shape.hpp"

namespace emdyn::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

torch::Tensor random(std::vector<std::int64_t> shape, std::uint64_t seed) {
  torch::Tensor made = at::empty(shape, torch::kFloat32);
  Philox numbers(seed);
  for (std::int64_t i = 0; i < made.numel(); ++i)
    made.data_ptr<float>()[i] = static_cast<float>(numbers.normal());
  return made;
}

torch::Tensor row(std::vector<float> values) {
  return at::tensor(values, torch::kFloat32).unsqueeze(0);
}

void expect_near(const torch::Tensor& found, const torch::Tensor& wanted) {
  ASSERT_EQ(found.sizes(), wanted.sizes());
  EXPECT_LT((found - wanted).abs().max().item<float>(), 1e-5F) << found << wanted;
}

Layer lstm_of(std::int64_t in, std::int64_t hidden, std::int64_t levels) {
  Layer layer{.kind = LayerKind::lstm, .name = "lstm"};
  for (std::int64_t level = 0; level < levels; ++level) {
    const auto suffix = std::to_string(level);
    const auto seed = static_cast<std::uint64_t>(4 * level);
    layer.tensors["weight_ih_l" + suffix] = random({4 * hidden, level == 0 ? in : hidden}, seed);
    layer.tensors["weight_hh_l" + suffix] = random({4 * hidden, hidden}, seed + 1);
    layer.tensors["bias_ih_l" + suffix] = random({4 * hidden}, seed + 2);
    layer.tensors["bias_hh_l" + suffix] = random({4 * hidden}, seed + 3);
  }
  return layer;
}

Layer attention_of(std::int64_t width, std::int64_t heads) {
  return {.kind = LayerKind::attention,
          .name = "attention",
          .tensors = {{"in_proj_weight", random({3 * width, width}, 1)},
                      {"in_proj_bias", random({3 * width}, 2)},
                      {"out_proj.weight", random({width, width}, 3)},
                      {"out_proj.bias", random({width}, 4)}},
          .heads = heads};
}

TEST(Layers, ActivationsHaveTheirTextbookValues) {
  const auto at_one = [](LayerKind kind) {
    return apply(Layer{.kind = kind}, at::ones({1, 1})).item<float>();
  };
  EXPECT_NEAR(at_one(LayerKind::gelu), 0.8413447F, 1e-6F) << "Phi(1)";
  EXPECT_NEAR(at_one(LayerKind::quick_gelu), 0.8457958F, 1e-6F) << "1 / (1 + exp(-1.702))";
  EXPECT_NEAR(at_one(LayerKind::silu), 0.7310586F, 1e-6F);
  EXPECT_NEAR(at_one(LayerKind::sigmoid), 0.7310586F, 1e-6F);
  EXPECT_NEAR(at_one(LayerKind::tanh), 0.7615942F, 1e-6F);
  expect_near(apply(Layer{.kind = LayerKind::leaky_relu, .slope = 0.2}, row({-1, 2})),
              row({-0.2F, 2}));
  expect_near(apply(Layer{.kind = LayerKind::softmax}, row({0, std::log(3.0F)})),
              row({0.25F, 0.75F}));
}

TEST(Layers, NormsByHand) {
  const torch::Tensor x = at::tensor({1.F, 3.F, 4.F, 8.F}).view({1, 2, 1, 2});
  const Layer normalize{
      .kind = LayerKind::normalize,
      .tensors = {{"mean", at::tensor({1.F, 4.F})}, {"deviation", at::tensor({2.F, 4.F})}}};
  expect_near(apply(normalize, x).flatten(1), row({0, 1, 0, 1}));
  // (x - mean) / sqrt(variance + epsilon) * weight + bias: variances 3 + 1 and 15 + 1.
  const Layer batch{.kind = LayerKind::batch_norm,
                    .tensors = {{"weight", at::tensor({2.F, 4.F})},
                                {"bias", at::tensor({1.F, 0.F})},
                                {"running_mean", at::tensor({1.F, 4.F})},
                                {"running_var", at::tensor({3.F, 15.F})}},
                    .epsilon = 1.0};
  expect_near(apply(batch, x).flatten(1), row({1, 3, 0, 4}));
  const Layer layer{
      .kind = LayerKind::layer_norm,
      .tensors = {{"weight", at::tensor({1.F, 3.F})}, {"bias", at::tensor({0.F, 1.F})}},
      .epsilon = 0.0};
  expect_near(apply(layer, x).flatten(1), row({-1, 4, -1, 4}));
}

TEST(Layers, PoolsAndResidualsByHand) {
  const torch::Tensor x = at::arange(16, torch::kFloat32).view({1, 1, 4, 4});
  Layer pool{.kind = LayerKind::max_pool, .kernel = 2, .stride = 2};
  expect_near(apply(pool, x).flatten(1), row({5, 7, 13, 15}));
  pool.kind = LayerKind::avg_pool;
  expect_near(apply(pool, x).flatten(1), row({2.5F, 4.5F, 10.5F, 12.5F}));
  const Layer twice{.kind = LayerKind::linear,
                    .tensors = {{"weight", at::eye(2, torch::kFloat32) * 2}}};
  const Layer relu{.kind = LayerKind::relu};
  Layer residual{.kind = LayerKind::residual, .body = {twice, relu}};
  expect_near(apply(residual, row({-1, 2})), row({-1, 6}));
  residual.shortcut = {twice};
  expect_near(apply(residual, row({-1, 2})), row({-2, 8}));
}

// Hochreiter and Schmidhuber with a forget gate, gates in PyTorch's order i, f, g, o.
TEST(Layers, LstmIsTheRecurrence) {
  const Layer layer = lstm_of(3, 2, 2);
  const torch::Tensor x = random({2, 4, 3}, 99);
  std::vector<torch::Tensor> sequence = x.unbind(1);
  torch::Tensor last;
  for (const char* level : {"0", "1"}) {
    torch::Tensor h = at::zeros({2, 2});
    torch::Tensor c = at::zeros({2, 2});
    for (torch::Tensor& input : sequence) {
      const auto of = [&](const char* name) { return layer.tensor(std::string(name) + level); };
      const torch::Tensor gates = at::matmul(input, of("weight_ih_l").t()) + of("bias_ih_l") +
                                  at::matmul(h, of("weight_hh_l").t()) + of("bias_hh_l");
      const auto part = gates.chunk(4, 1);
      c = part[1].sigmoid() * c + part[0].sigmoid() * part[2].tanh();
      h = part[3].sigmoid() * c.tanh();
      input = h;
    }
    last = h;
  }
  expect_near(apply(layer, x), last);
}

TEST(Layers, AttentionIsTheWeightedMeanOfValues) {
  const Layer layer = attention_of(4, 2);
  const torch::Tensor x = random({1, 3, 4}, 9);
  const torch::Tensor all =
      at::matmul(x[0], layer.tensor("in_proj_weight").t()) + layer.tensor("in_proj_bias");
  torch::Tensor mixed = at::zeros({3, 4});
  for (std::int64_t head = 0; head < 2; ++head) {
    for (std::int64_t t = 0; t < 3; ++t) {
      std::vector<double> weights;
      double sum = 0.0;
      for (std::int64_t s = 0; s < 3; ++s) {
        double score = 0.0;
        for (std::int64_t k = 2 * head; k < 2 * head + 2; ++k)
          score += all[t][k].item<double>() * all[s][4 + k].item<double>();
        weights.push_back(std::exp(score / std::sqrt(2.0)));
        sum += weights.back();
      }
      for (std::int64_t k = 2 * head; k < 2 * head + 2; ++k) {
        double value = 0.0;
        for (std::int64_t s = 0; s < 3; ++s)
          value += weights[static_cast<std::size_t>(s)] / sum * all[s][8 + k].item<double>();
        mixed[t][k] = value;
      }
    }
  }
  const torch::Tensor wanted =
      at::matmul(mixed, layer.tensor("out_proj.weight").t()) + layer.tensor("out_proj.bias");
  expect_near(apply(layer, x), wanted.unsqueeze(0));
}

TEST(Layers, FramesAreTreatedAlikeAndAlone) {
  const Layer conv{.kind = LayerKind::conv, .tensors = {{"weight", random({2, 1, 3, 3}, 1)}}};
  const Layer frames{.kind = LayerKind::per_frame,
                     .body = {conv, Layer{.kind = LayerKind::flatten}}};
  const torch::Tensor x = random({2, 5, 1, 4, 4}, 2);
  const torch::Tensor found = apply(frames, x);
  for (std::int64_t frame = 0; frame < 5; ++frame)
    expect_near(found.select(1, frame), apply(conv, x.select(1, frame)).flatten(1));
}

TEST(Layers, ShapesAreForetold) {
  const std::vector<std::pair<Layer, TensorShape>> cases = {
      {{.kind = LayerKind::conv,
        .tensors = {{"weight", random({4, 1, 3, 2}, 1)}},
        .stride = 2,
        .padding = 1,
        .groups = 2},
       {2, 7, 6}},
      {{.kind = LayerKind::max_pool, .kernel = 3, .stride = 2, .padding = 1}, {2, 7, 6}},
      {{.kind = LayerKind::avg_pool, .kernel = 2, .stride = 1}, {2, 7, 6}},
      {{.kind = LayerKind::flatten}, {2, 7, 6}},
      {{.kind = LayerKind::linear, .tensors = {{"weight", random({3, 6}, 1)}}}, {2, 7, 6}},
      {lstm_of(6, 3, 2), {7, 6}},
      {attention_of(6, 3), {7, 6}},
      {{.kind = LayerKind::per_frame, .body = {{.kind = LayerKind::flatten}}}, {2, 7, 6}}};
  for (const auto& [layer, input] : cases) {
    TensorShape batch = input;
    batch.insert(batch.begin(), 2);
    TensorShape wanted = apply(layer, random(batch, 5)).sizes().vec();
    wanted.erase(wanted.begin());
    EXPECT_EQ(output_shape(layer, input), wanted) << word(layer.kind);
  }
}

TEST(Layers, MisfitsAreNamed) {
  const auto error = [](const Layer& layer, const TensorShape& input) -> std::string {
    try {
      (void)output_shape(layer, input);
    } catch (const ModelError& fault) {
      return fault.what();
    }
    return "no error";
  };
  EXPECT_THAT(error({.kind = LayerKind::max_pool, .name = "p", .kernel = 9}, {1, 4, 4}),
              HasSubstr("layer p (max_pool) cannot slide a kernel of 9 over 4"));
  EXPECT_THAT(error({.kind = LayerKind::conv, .name = "c"}, {1, 4, 4}),
              HasSubstr("has no tensor weight"));
  EXPECT_THAT(error(lstm_of(3, 2, 1), {4, 5}), HasSubstr("weight_ih_l0 of shape [8, 5]"));
  EXPECT_THAT(error(attention_of(6, 4), {7, 6}), HasSubstr("cannot cut 6 features into 4"));
  EXPECT_THAT(
      error({.kind = LayerKind::residual, .name = "r", .body = {{.kind = LayerKind::flatten}}},
            {1, 4, 4}),
      HasSubstr("adds [16] to [1, 4, 4]"));
  EXPECT_THAT(
      error({.kind = LayerKind::batch_norm, .name = "b", .tensors = {{"weight", at::ones({3})}}},
            {2, 4, 4}),
      HasSubstr("needs weight of shape [2], it is [3]"));
}

// Central differences of the sum of logits against the gradient that attacks use.
TEST(Layers, GradientsReachTheInputOfARecurrentNetwork) {
  const Network network(
      {.input = {3, 1, 4, 4}, .classes = 2, .low = -9, .high = 9},
      {{.kind = LayerKind::per_frame,
        .body = {{.kind = LayerKind::conv, .tensors = {{"weight", random({2, 1, 3, 3}, 1)}}},
                 {.kind = LayerKind::tanh},
                 {.kind = LayerKind::flatten}}},
       attention_of(8, 2),
       lstm_of(8, 3, 1),
       {.kind = LayerKind::linear, .tensors = {{"weight", random({2, 3}, 8)}}}});
  Ledger ledger;
  const torch::Tensor x = random({1, 3, 1, 4, 4}, 3) * 0.3;
  const auto found = network.gradient(
      x, [](const torch::Tensor& logits) { return logits.select(1, 0); }, ledger);
  for (std::int64_t i = 0; i < x.numel(); i += 7) {
    torch::Tensor high = x.clone();
    torch::Tensor low = x.clone();
    high.view(-1)[i] += 1e-2;
    low.view(-1)[i] -= 1e-2;
    const double slope =
        (network.logits(high, ledger)[0][0] - network.logits(low, ledger)[0][0]).item<double>() /
        2e-2;
    EXPECT_NEAR(found.input.view(-1)[i].item<double>(), slope, 2e-3) << i;
  }
  EXPECT_THAT(network.features(x, ledger).sizes().vec(), ElementsAre(1, 3));
}

}  // namespace
}  // namespace emdyn::model
