#include "emdyn/math/gemm.hpp"

#include <algorithm>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define EMDYN_GEMM_X86 1
#endif

namespace emdyn::math {
namespace {

/// A tile of C: its place and the factors that make it.
struct Tile {
  std::size_t depth;
  Factor a;
  const float* b;
  std::size_t b_stride;
  float* c;
  std::size_t c_stride;
  bool accumulate;
};

template <std::size_t kRows, std::size_t kVectors>
void tile_portable(const Tile& tile) noexcept {
  constexpr std::size_t kWidth = kVectors * kLanes;
  float sum[kRows][kWidth] = {};
  for (std::size_t l = 0; l < tile.depth; ++l) {
    const float* row = tile.b + l * tile.b_stride;
    for (std::size_t i = 0; i < kRows; ++i) {
      const float factor = tile.a.data[i * tile.a.row_stride + l * tile.a.column_stride];
      for (std::size_t j = 0; j < kWidth; ++j) sum[i][j] += factor * row[j];
    }
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    float* out = tile.c + i * tile.c_stride;
    for (std::size_t j = 0; j < kWidth; ++j) {
      out[j] = tile.accumulate ? out[j] + sum[i][j] : sum[i][j];
    }
  }
}

#ifdef EMDYN_GEMM_X86
template <std::size_t kRows, std::size_t kVectors>
__attribute__((target("avx512f"))) void tile_avx512(const Tile& tile) noexcept {
  __m512 sum[kRows][kVectors];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) sum[i][v] = _mm512_setzero_ps();
  }
  const float* a = tile.a.data;
  const float* b = tile.b;
  for (std::size_t l = 0; l < tile.depth; ++l) {
    __m512 row[kVectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) row[v] = _mm512_loadu_ps(b + 16 * v);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kRows; ++i) {
      const __m512 factor = _mm512_set1_ps(a[i * tile.a.row_stride]);
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v)
        sum[i][v] = _mm512_fmadd_ps(factor, row[v], sum[i][v]);
    }
    a += tile.a.column_stride;
    b += tile.b_stride;
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kRows; ++i) {
    float* out = tile.c + i * tile.c_stride;
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) {
      __m512 value = sum[i][v];
      if (tile.accumulate) value = _mm512_add_ps(_mm512_loadu_ps(out + 16 * v), value);
      _mm512_storeu_ps(out + 16 * v, value);
    }
  }
}

template <std::size_t kRows>
__attribute__((target("avx2,fma"))) void tile_avx2(const Tile& tile) noexcept {
  __m256 sum[kRows][2];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kRows; ++i) sum[i][0] = sum[i][1] = _mm256_setzero_ps();
  const float* a = tile.a.data;
  const float* b = tile.b;
  for (std::size_t l = 0; l < tile.depth; ++l) {
    const __m256 low = _mm256_loadu_ps(b);
    const __m256 high = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kRows; ++i) {
      const __m256 factor = _mm256_set1_ps(a[i * tile.a.row_stride]);
      sum[i][0] = _mm256_fmadd_ps(factor, low, sum[i][0]);
      sum[i][1] = _mm256_fmadd_ps(factor, high, sum[i][1]);
    }
    a += tile.a.column_stride;
    b += tile.b_stride;
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kRows; ++i) {
    float* out = tile.c + i * tile.c_stride;
    for (std::size_t v = 0; v < 2; ++v) {
      __m256 value = sum[i][v];
      if (tile.accumulate) value = _mm256_add_ps(_mm256_loadu_ps(out + 8 * v), value);
      _mm256_storeu_ps(out + 8 * v, value);
    }
  }
}
#endif

enum class InstructionSet { portable, avx2, avx512 };

InstructionSet detect_instruction_set() noexcept {
#ifdef EMDYN_GEMM_X86
  if (__builtin_cpu_supports("avx512f")) return InstructionSet::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return InstructionSet::avx2;
#endif
  return InstructionSet::portable;
}

const InstructionSet kInstructionSet = detect_instruction_set();

using TileFunction = void (*)(const Tile&) noexcept;

template <std::size_t kRows>
TileFunction tile_function(InstructionSet set, std::size_t vectors) noexcept {
#ifdef EMDYN_GEMM_X86
  if (set == InstructionSet::avx512) {
    constexpr TileFunction kTiles[] = {tile_avx512<kRows, 1>, tile_avx512<kRows, 2>,
                                       tile_avx512<kRows, 3>, tile_avx512<kRows, 4>};
    return kTiles[vectors - 1];
  }
  if (set == InstructionSet::avx2) return tile_avx2<kRows>;
#endif
  static_cast<void>(set);
  static_cast<void>(vectors);
  return tile_portable<kRows, 1>;
}

template <std::size_t kRows>
std::size_t panel(InstructionSet set, std::size_t rows, std::size_t begin, std::size_t vectors,
                  Tile tile) noexcept {
  const TileFunction function = tile_function<kRows>(set, vectors);
  const float* a = tile.a.data;
  float* c = tile.c;
  for (; begin + kRows <= rows; begin += kRows) {
    tile.a.data = a + begin * tile.a.row_stride;
    tile.c = c + begin * tile.c_stride;
    function(tile);
  }
  return begin;
}

}  // namespace

void gemm(std::size_t rows, std::size_t columns, std::size_t depth, Factor a, const float* b,
          std::size_t b_stride, float* c, std::size_t c_stride, bool accumulate) noexcept {
  const InstructionSet set = kInstructionSet;
  const std::size_t vectors_most = set == InstructionSet::avx512 ? 4 : 1;
  for (std::size_t j = 0; j < columns;) {
    const std::size_t vectors = std::min(vectors_most, (columns - j) / kLanes);
    const Tile tile{depth, a, b + j, b_stride, c + j, c_stride, accumulate};
    std::size_t i = panel<6>(set, rows, 0, vectors, tile);
    i = panel<4>(set, rows, i, vectors, tile);
    i = panel<2>(set, rows, i, vectors, tile);
    panel<1>(set, rows, i, vectors, tile);
    j += vectors * kLanes;
  }
}

const char* gemm_instruction_set() noexcept {
  if (kInstructionSet == InstructionSet::avx512) return "avx512";
  return kInstructionSet == InstructionSet::avx2 ? "avx2" : "portable";
}

}  // namespace emdyn::math
