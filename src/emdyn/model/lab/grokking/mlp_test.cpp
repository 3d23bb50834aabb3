#include "emdyn/model/lab/grokking/mlp.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/model/lab/contract/kernels.hpp"

namespace emdyn::model::lab {
namespace {

/// The loss of one network by its formula, in double precision.
double reference_loss(const Mlp::Shape& shape, std::span<const double> parameters,
                      std::span<const Pair> pairs) {
  const std::size_t units = padded(shape.width);
  const std::size_t classes = padded(shape.p);
  const double* second = parameters.data() + shape.p * units;
  const double* output = second + shape.p * units;
  double total = 0.0;
  for (const Pair& pair : pairs) {
    std::vector<double> logits(shape.p, 0.0);
    for (std::size_t k = 0; k < shape.width; ++k) {
      const double z = parameters[pair.x * units + k] + second[pair.y * units + k];
      const double h = shape.activation == Activation::quadratic ? z * z : std::max(z, 0.0);
      for (std::size_t c = 0; c < shape.p; ++c) {
        logits[c] += h * output[k * classes + c];
      }
    }
    if (shape.loss == TrainingLoss::cross_entropy) {
      double sum = 0.0;
      for (const double logit : logits) sum += std::exp(logit);
      total += std::log(sum) - logits[pair.target];
    } else {
      logits[pair.target] -= 1.0;
      for (const double error : logits) total += error * error / static_cast<double>(shape.p);
    }
  }
  return total / static_cast<double>(pairs.size());
}

class MlpShapes : public testing::TestWithParam<std::tuple<Activation, TrainingLoss, int>> {
 protected:
  Mlp::Shape shape_{static_cast<std::uint32_t>(std::get<2>(GetParam())), 19,
                    std::get<0>(GetParam()), std::get<1>(GetParam())};
  std::vector<Pair> pairs_ = split_pairs(all_pairs(Operation::add, shape_.p), 0.7, Philox(3)).train;
  Mlp mlp_{shape_, 1.0, Philox(11)};
};

TEST_P(MlpShapes, LossIsItsFormula) {
  const std::vector<double> weights(mlp_.parameters().begin(), mlp_.parameters().end());
  const double expected = reference_loss(shape_, weights, pairs_);
  EXPECT_NEAR(mlp_.evaluate(pairs_).loss, expected, 2e-6 * std::max(1.0, expected));
  EXPECT_EQ(mlp_.forward_backward(pairs_).loss, mlp_.evaluate(pairs_).loss);
}

TEST_P(MlpShapes, GradientIsTheFiniteDifference) {
  mlp_.forward_backward(pairs_);
  const std::vector<float> slopes(mlp_.gradients().begin(), mlp_.gradients().end());
  std::vector<double> weights(mlp_.parameters().begin(), mlp_.parameters().end());
  double largest = 0.0;
  for (const float slope : slopes)
    largest = std::max(largest, std::abs(static_cast<double>(slope)));
  ASSERT_GT(largest, 0.0);
  for (std::size_t i = 0; i < weights.size(); i += 7) {
    const double saved = weights[i];
    if (saved == 0.0) {
      EXPECT_EQ(slopes[i], 0.0F) << "padding at " << i;
      continue;
    }
    weights[i] = saved + 1e-6;
    const double high = reference_loss(shape_, weights, pairs_);
    weights[i] = saved - 1e-6;
    const double low = reference_loss(shape_, weights, pairs_);
    const double slope = (high - low) / 2e-6;
    weights[i] = saved;
    EXPECT_NEAR(static_cast<double>(slopes[i]), slope, 1e-4 * largest) << i;
  }
}

TEST_P(MlpShapes, EqualBitsForEveryNumberOfThreads) {
  std::vector<float> first;
  for (const std::size_t threads : {1U, 2U, 3U}) {
    const ThreadLimit limit(threads);
    mlp_.forward_backward(pairs_);
    const std::vector<float> slopes(mlp_.gradients().begin(), mlp_.gradients().end());
    if (first.empty()) first = slopes;
    EXPECT_EQ(slopes, first);
  }
}

INSTANTIATE_TEST_SUITE_P(All, MlpShapes,
                         testing::Combine(testing::Values(Activation::quadratic, Activation::relu),
                                          testing::Values(TrainingLoss::cross_entropy,
                                                          TrainingLoss::mse),
                                          testing::Values(5, 31)));

TEST(Mlp, AccuracyOfADeadNetworkIsZero) {
  const Mlp::Shape shape{7, 4, Activation::relu, TrainingLoss::cross_entropy};
  Mlp mlp(shape, 1.0, Philox(1));
  for (float& weight : mlp.parameters()) weight = 0.0F;
  const Metrics metrics = mlp.evaluate(all_pairs(Operation::add, 7));
  EXPECT_EQ(metrics.accuracy, 0.0);
  EXPECT_NEAR(metrics.loss, std::log(7.0), 1e-6);
}

TEST(Mlp, HiddenActivationsAreTheSquaredSums) {
  const Mlp::Shape shape{5, 3, Activation::quadratic, TrainingLoss::mse};
  Mlp mlp(shape, 1.0, Philox(2));
  const std::vector<Pair> pairs = {{1, 4, 0}, {2, 2, 4}};
  const auto hidden = mlp.hidden(pairs);
  ASSERT_EQ(hidden.rows, 2U);
  ASSERT_EQ(hidden.columns, 3U);
  const auto weights = mlp.layers()[0].weights;
  const double z = weights(2, 1) + weights(5 + 2, 1);
  EXPECT_NEAR(hidden(1, 1), z * z, 1e-6);
}

TEST(Gemm, EveryShapeAgainstItsFormula) {
  Philox random(9);
  for (const std::size_t rows : {1U, 5U, 6U, 13U}) {
    for (const std::size_t columns : {16U, 48U, 80U}) {
      const std::size_t depth = 7;
      std::vector<float> a(depth * rows);
      std::vector<float> b(depth * columns);
      for (float& value : a) value = static_cast<float>(random.normal());
      for (float& value : b) value = static_cast<float>(random.normal());
      std::vector<float> c(rows * columns, 0.5F);
      gemm(rows, columns, depth, {a.data(), 1, rows}, b.data(), columns, c.data(), columns, true);
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          double sum = 0.5;
          for (std::size_t l = 0; l < depth; ++l) {
            sum += static_cast<double>(a[l * rows + i]) * static_cast<double>(b[l * columns + j]);
          }
          EXPECT_NEAR(static_cast<double>(c[i * columns + j]), sum, 1e-5);
        }
      }
    }
  }
}

}  // namespace
}  // namespace emdyn::model::lab
