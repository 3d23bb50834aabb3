#include "emdyn/math/gram.hpp"

#include <algorithm>
#include <cstddef>

#include "emdyn/core/parallel.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define EMDYN_GRAM_X86 1
#endif

namespace emdyn::math {
namespace {

constexpr std::size_t kPanel = 8;    ///< Columns packed side by side: two AVX2 registers.
constexpr std::size_t kDepth = 128;  ///< Rows of a block: two panels of it fill half an L1 cache.
constexpr std::size_t kTile = kPanel * kPanel;

/// out[i, j] = sum over l of left[l, i] * right[l, j] of two packed panels.
void tile_portable(const double* left, const double* right, std::size_t depth,
                   double* out) noexcept {
  std::fill(out, out + kTile, 0.0);
  for (std::size_t l = 0; l < depth; ++l) {
    for (std::size_t i = 0; i < kPanel; ++i) {
      const double factor = left[l * kPanel + i];
      for (std::size_t j = 0; j < kPanel; ++j)
        out[i * kPanel + j] += factor * right[l * kPanel + j];
    }
  }
}

#ifdef EMDYN_GRAM_X86
/// Four rows of the tile: eight sums are what hides the latency of FMA on two ports.
__attribute__((target("avx2,fma"))) void half_tile_avx2(const double* left, const double* right,
                                                        std::size_t depth, double* out) noexcept {
  __m256d sum[4][2];
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) sum[i][0] = sum[i][1] = _mm256_setzero_pd();
  for (std::size_t l = 0; l < depth; ++l) {
    const __m256d low = _mm256_loadu_pd(right + l * kPanel);
    const __m256d high = _mm256_loadu_pd(right + l * kPanel + 4);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const __m256d factor = _mm256_broadcast_sd(left + l * kPanel + i);
      sum[i][0] = _mm256_fmadd_pd(factor, low, sum[i][0]);
      sum[i][1] = _mm256_fmadd_pd(factor, high, sum[i][1]);
    }
  }
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    _mm256_storeu_pd(out + i * kPanel, sum[i][0]);
    _mm256_storeu_pd(out + i * kPanel + 4, sum[i][1]);
  }
}

void tile_avx2(const double* left, const double* right, std::size_t depth, double* out) noexcept {
  half_tile_avx2(left, right, depth, out);
  half_tile_avx2(left + 4, right, depth, out + 4 * kPanel);
}
#endif

using TileFunction = void (*)(const double*, const double*, std::size_t, double*) noexcept;

TileFunction tile_function() noexcept {
#ifdef EMDYN_GRAM_X86
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return tile_avx2;
#endif
  return tile_portable;
}

/// Columns [8 · panel, 8 · panel + 8) of rows [begin, begin + depth), zeros beyond the last column.
template <class Scalar>
void pack(const MatrixView<Scalar>& a, std::size_t begin, std::size_t depth, std::size_t panel,
          double* packed) noexcept {
  const std::size_t first = panel * kPanel;
  const std::size_t width = std::min(kPanel, a.columns - first);
  for (std::size_t l = 0; l < depth; ++l) {
    for (std::size_t j = 0; j < width; ++j) packed[l * kPanel + j] = a(begin + l, first + j);
    for (std::size_t j = width; j < kPanel; ++j) packed[l * kPanel + j] = 0.0;
  }
}

/// Adds a tile to the lower triangle.
void add(const double* tile, std::size_t row, std::size_t column, std::size_t size, double* g) {
  const std::size_t rows = std::min(kPanel, size - row);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t width = std::min(kPanel, row + i + 1 - std::min(row + i + 1, column));
    for (std::size_t j = 0; j < width; ++j)
      g[(row + i) * size + column + j] += tile[i * kPanel + j];
  }
}

}  // namespace

template <class Scalar>
std::vector<double> gram(const MatrixView<Scalar>& a) {
  const std::size_t size = a.columns;
  std::vector<double> g(size * size, 0.0);
  const std::size_t panels = (size + kPanel - 1) / kPanel;
  std::vector<double> packed(panels * kDepth * kPanel);
  const TileFunction tile = tile_function();
  for (std::size_t begin = 0; begin < a.rows; begin += kDepth) {
    const std::size_t depth = std::min(kDepth, a.rows - begin);
    parallel_for(panels, [&](std::size_t panel) {
      pack(a, begin, depth, panel, packed.data() + panel * kDepth * kPanel);
    });
    parallel_for(panels, [&](std::size_t i) {
      const double* left = packed.data() + i * kDepth * kPanel;
      double out[kTile];
      for (std::size_t j = 0; j <= i; ++j) {
        tile(left, packed.data() + j * kDepth * kPanel, depth, out);
        add(out, i * kPanel, j * kPanel, size, g.data());
      }
    });
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < i; ++j) g[j * size + i] = g[i * size + j];
  }
  return g;
}

template std::vector<double> gram(const MatrixView<float>&);
template std::vector<double> gram(const MatrixView<double>&);

}  // namespace emdyn::math
