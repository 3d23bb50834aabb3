#include "emdyn/math/gemm.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "emdyn/core/philox.hpp"

namespace emdyn::math {
namespace {

std::vector<float> gemm_noise(std::size_t count, std::uint64_t seed) {
  Philox random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

TEST(Gemm, AgreesWithALoopInDoublePrecisionForEveryShape) {
  for (const std::size_t rows : {1U, 2U, 5U, 13U, 64U}) {
    for (const std::size_t columns : {16U, 48U, 80U}) {
      for (const std::size_t depth : {1U, 7U, 129U}) {
        const auto a = gemm_noise(rows * depth, 1);
        const auto b = gemm_noise(depth * columns, 2);
        std::vector<float> c(rows * columns, 0.5F);
        gemm(rows, columns, depth, {a.data(), depth, 1}, b.data(), columns, c.data(), columns,
             true);
        for (std::size_t i = 0; i < rows; ++i) {
          for (std::size_t j = 0; j < columns; ++j) {
            double sum = 0.5;
            for (std::size_t l = 0; l < depth; ++l) {
              sum +=
                  static_cast<double>(a[i * depth + l]) * static_cast<double>(b[l * columns + j]);
            }
            ASSERT_NEAR(static_cast<double>(c[i * columns + j]), sum, 1e-4);
          }
        }
      }
    }
  }
}

TEST(Gemm, ARowDoesNotDependOnItsNeighbours) {
  constexpr std::size_t kRows = 29;
  constexpr std::size_t kColumns = 96;
  constexpr std::size_t kDepth = 77;
  const auto a = gemm_noise(kRows * kDepth, 3);
  const auto b = gemm_noise(kDepth * kColumns, 4);
  std::vector<float> all(kRows * kColumns);
  gemm(kRows, kColumns, kDepth, {a.data(), kDepth, 1}, b.data(), kColumns, all.data(), kColumns,
       false);
  for (std::size_t i = 0; i < kRows; ++i) {
    std::vector<float> one(kColumns);
    gemm(1, kColumns, kDepth, {a.data() + i * kDepth, kDepth, 1}, b.data(), kColumns, one.data(),
         kColumns, false);
    EXPECT_EQ(one,
              std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(i * kColumns),
                                 all.begin() + static_cast<std::ptrdiff_t>((i + 1) * kColumns)));
  }
}

}  // namespace
}  // namespace emdyn::math
