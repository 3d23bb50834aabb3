#pragma once
#include <cstddef>

namespace emdyn::math {

inline constexpr std::size_t kLanes = 16;

/// The next multiple of kLanes.
constexpr std::size_t padded(std::size_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

/// A factor whose element (i, l) lies at `data[i * row_stride + l * column_stride]`, so a
/// transpose costs nothing.
struct Factor {
  const float* data = nullptr;
  std::size_t row_stride = 0;
  std::size_t column_stride = 1;
};

/// C[i, j] (+)= sum over l of A[i, l] * B[l, j]: `rows` x `columns`, inner length `depth`.
/// `columns` is a multiple of kLanes; B and C are row-major with the strides given. Uses AVX-512
/// or AVX2 with FMA where the processor has them. Every element is one sum in the order of l,
/// whatever the shape, so a row's result does not depend on the rows beside it; equal bits on one
/// processor type.
void gemm(std::size_t rows, std::size_t columns, std::size_t depth, Factor a, const float* b,
          std::size_t b_stride, float* c, std::size_t c_stride, bool accumulate) noexcept;

/// The instruction set gemm uses on this machine: avx512, avx2 or portable.
const char* gemm_instruction_set() noexcept;

}  // namespace emdyn::math
