#include "emdyn/math/gram.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::math {
namespace {

std::vector<float> float_noise(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

double by_hand(const MatrixView<float>& a, std::size_t i, std::size_t j) {
  double sum = 0.0;
  for (std::size_t l = 0; l < a.rows; ++l) sum += a(l, i) * a(l, j);
  return sum;
}

TEST(Gram, EqualsTheDefinitionForEveryShape) {
  for (const std::size_t rows : {1U, 2U, 127U, 128U, 300U}) {
    for (const std::size_t columns : {1U, 7U, 8U, 9U, 33U}) {
      const auto data = float_noise(rows * columns, rows * 100 + columns);
      for (const bool transposed : {false, true}) {
        const MatrixView<float> a = transposed
                                        ? MatrixView<float>{data.data(), columns, rows, 1, columns}
                                        : MatrixView<float>{data.data(), rows, columns, columns, 1};
        const auto g = gram(a);
        ASSERT_EQ(g.size(), a.columns * a.columns);
        for (std::size_t i = 0; i < a.columns; ++i) {
          for (std::size_t j = 0; j < a.columns; ++j) {
            ASSERT_NEAR(g[i * a.columns + j], by_hand(a, i, j), 1e-12 * 300.0)
                << rows << " x " << columns << " at " << i << ", " << j;
          }
        }
      }
    }
  }
}

TEST(Gram, DoesNotDependOnTheNumberOfThreads) {
  const auto data = float_noise(500 * 40, 9);
  const MatrixView<float> a{data.data(), 500, 40, 40, 1};
  const auto free = gram(a);
  const ThreadLimit one(1);
  EXPECT_EQ(gram(a), free);
}

TEST(Gram, OfNothingAndOfNaN) {
  EXPECT_TRUE(gram(MatrixView<double>{}).empty());
  const std::vector<double> data = {1.0, NAN};
  const auto g = gram(MatrixView<double>{data.data(), 1, 2, 2, 1});
  EXPECT_EQ(g[0], 1.0);
  EXPECT_TRUE(std::isnan(g[1]));
  EXPECT_TRUE(std::isnan(g[3]));
  EXPECT_EQ(gram(MatrixView<double>{data.data(), 0, 2, 2, 1}), std::vector<double>(4, 0.0));
}

}  // namespace
}  // namespace emdyn::math
