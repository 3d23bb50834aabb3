// The hand-written gradient against libtorch's autograd.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "emdyn/model/lab/contract/kernels.hpp"
#include "emdyn/model/lab/grokking/mlp.hpp"

namespace emdyn::model::lab {
namespace {

at::Tensor leaf(const math::MatrixView<float>& view) {
  at::Tensor tensor = at::empty(
      {static_cast<std::int64_t>(view.rows), static_cast<std::int64_t>(view.columns)}, at::kDouble);
  auto values = tensor.accessor<double, 2>();
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) {
      values[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(j)] = view(i, j);
    }
  }
  return tensor.set_requires_grad(true);
}

void compare(Activation activation, TrainingLoss kind) {
  const Mlp::Shape shape{23, 40, activation, kind};
  Mlp mlp(shape, 1.0, Philox(5));
  const auto pairs = split_pairs(all_pairs(Operation::mul, shape.p), 0.6, Philox(8)).train;
  const Metrics metrics = mlp.forward_backward(pairs);
  const auto layers = mlp.layers();
  const at::Tensor first = leaf(layers[0].weights);
  const at::Tensor second = leaf(layers[1].weights);
  std::vector<std::int64_t> x;
  std::vector<std::int64_t> y;
  std::vector<std::int64_t> targets;
  for (const Pair& pair : pairs) {
    x.push_back(pair.x);
    y.push_back(shape.p + pair.y);
    targets.push_back(pair.target);
  }
  const auto tensor = [](const std::vector<std::int64_t>& v) { return at::tensor(v, at::kLong); };
  const at::Tensor z = first.index_select(0, tensor(x)) + first.index_select(0, tensor(y));
  const at::Tensor h = activation == Activation::quadratic ? z.square() : at::relu(z);
  const at::Tensor logits = h.matmul(second);
  const at::Tensor target = tensor(targets);
  const at::Tensor loss = kind == TrainingLoss::cross_entropy
                              ? at::cross_entropy_loss(logits, target)
                              : at::mse_loss(logits, at::one_hot(target, shape.p).to(at::kDouble));
  loss.backward();
  EXPECT_NEAR(metrics.loss, loss.item<double>(), 1e-5 * loss.item<double>());
  const float* slopes = mlp.gradients().data();
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const at::Tensor expected = (layer == 0 ? first : second).grad();
    const double tolerance = 1e-5 * expected.abs().max().item<double>();
    const auto values = expected.accessor<double, 2>();
    for (std::size_t i = 0; i < layers[layer].weights.rows; ++i) {
      for (std::size_t j = 0; j < layers[layer].weights.columns; ++j) {
        ASSERT_NEAR(static_cast<double>(slopes[i * layers[layer].weights.row_stride + j]),
                    values[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(j)], tolerance);
      }
    }
    slopes += layers[layer].weights.rows * layers[layer].weights.row_stride;
  }
}

TEST(MlpAgainstTorch, QuadraticCrossEntropy) {
  compare(Activation::quadratic, TrainingLoss::cross_entropy);
}
TEST(MlpAgainstTorch, QuadraticSquaredError) { compare(Activation::quadratic, TrainingLoss::mse); }
TEST(MlpAgainstTorch, ReluCrossEntropy) { compare(Activation::relu, TrainingLoss::cross_entropy); }
TEST(MlpAgainstTorch, ReluSquaredError) { compare(Activation::relu, TrainingLoss::mse); }

}  // namespace
}  // namespace emdyn::model::lab
