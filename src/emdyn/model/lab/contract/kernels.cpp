#include "emdyn/model/lab/contract/kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#if defined(__x86_64__) && defined(__GNUC__)
#include <xmmintrin.h>
#define EMDYN_LAB_X86 1
#endif
// One copy of each loop per instruction set, chosen when the program is loaded. No sum is
// reordered between the copies, and products are not fused, so their results are equal.
#if defined(EMDYN_LAB_X86) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define EMDYN_LAB_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EMDYN_LAB_CLONES
#endif

namespace emdyn::model::lab {
namespace {

/// e^x for x <= 0 to about 2 ulp, 0 below -87: the polynomial of Cephes expf (Moshier).
inline float exp_of_negative(float x) {
  const float clamped = x < -87.0F ? -87.0F : x;
  const float rounded = (clamped * 1.44269504F + 12582912.0F) - 12582912.0F;
  float rest = clamped - rounded * 0.693359375F;
  rest = rest + rounded * 2.12194440e-4F;
  float value = 1.9875691500e-4F;
  value = value * rest + 1.3981999507e-3F;
  value = value * rest + 8.3334519073e-3F;
  value = value * rest + 4.1665795894e-2F;
  value = value * rest + 1.6666665459e-1F;
  value = value * rest + 5.0000001201e-1F;
  value = value * rest * rest + rest + 1.0F;
  const std::int32_t exponent = (static_cast<std::int32_t>(rounded) + 127) << 23;
  const float scaled = value * std::bit_cast<float>(exponent);
  return x < -87.0F ? 0.0F : scaled;
}

/// Joins the lanes in halves: a fixed order.
template <class Join>
inline float folded(float (&lanes)[kLanes], Join join) {
  for (std::size_t l = 0; l < 8; ++l) lanes[l] = join(lanes[l], lanes[l + 8]);
  for (std::size_t l = 0; l < 4; ++l) lanes[l] = join(lanes[l], lanes[l + 4]);
  for (std::size_t l = 0; l < 2; ++l) lanes[l] = join(lanes[l], lanes[l + 2]);
  return join(lanes[0], lanes[1]);
}

EMDYN_LAB_CLONES float greatest(const float* __restrict row, std::size_t size) {
  float best[kLanes];
  for (float& value : best) value = -std::numeric_limits<float>::infinity();
  for (std::size_t j = 0; j < size; j += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      best[l] = row[j + l] > best[l] ? row[j + l] : best[l];
    }
  }
  return folded(best, [](float a, float b) { return b > a ? b : a; });
}

EMDYN_LAB_CLONES float exponentials(float* row, float shift, std::size_t size) {
  float sum[kLanes] = {};
  for (std::size_t j = 0; j < size; j += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const float value = exp_of_negative(row[j + l] - shift);
      row[j + l] = value;
      sum[l] += value;
    }
  }
  return folded(sum, [](float a, float b) { return a + b; });
}

EMDYN_LAB_CLONES void multiply(float* row, float factor, std::size_t size) {
  for (std::size_t j = 0; j < size; ++j) row[j] *= factor;
}

EMDYN_LAB_CLONES float square_sum(const float* __restrict row, std::size_t size) {
  float sum[kLanes] = {};
  for (std::size_t j = 0; j < size; j += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) sum[l] += row[j + l] * row[j + l];
  }
  return folded(sum, [](float a, float b) { return a + b; });
}

/// The greatest logit but the target's. Leaves −inf in the target's place and in the padding.
float greatest_other(float* logits, std::size_t classes, std::size_t target) {
  const std::size_t size = padded(classes);
  std::fill(logits + classes, logits + size, -std::numeric_limits<float>::infinity());
  logits[target] = -std::numeric_limits<float>::infinity();
  return greatest(logits, size);
}

}  // namespace

RowLoss cross_entropy_row(float* logits, std::size_t classes, std::size_t target,
                          float scale) noexcept {
  const std::size_t size = padded(classes);
  const float own = logits[target];
  const float other = greatest_other(logits, classes, target);
  const float best = std::max(other, own);
  logits[target] = own;
  const float sum = exponentials(logits, best, size);
  if (scale != 0.0F) {
    multiply(logits, scale / sum, size);
    logits[target] -= scale;
  }
  return {static_cast<double>(best - own), static_cast<double>(sum), own > other};
}

RowLoss squared_error_row(float* logits, std::size_t classes, std::size_t target,
                          float scale) noexcept {
  const std::size_t size = padded(classes);
  const float own = logits[target];
  const float other = greatest_other(logits, classes, target);
  std::fill(logits + classes, logits + size, 0.0F);
  logits[target] = own - 1.0F;
  const double loss = static_cast<double>(square_sum(logits, size)) / static_cast<double>(classes);
  if (scale != 0.0F) multiply(logits, 2.0F * scale / static_cast<float>(classes), size);
  return {loss, 1.0, own > other};
}

EMDYN_LAB_CLONES void quadratic_forward(const float* a, const float* b, float* pre, float* out,
                                        std::size_t size) noexcept {
  for (std::size_t j = 0; j < size; ++j) {
    const float value = a[j] + b[j];
    pre[j] = value;
    out[j] = value * value;
  }
}

EMDYN_LAB_CLONES void quadratic_backward(const float* pre, float* delta,
                                         std::size_t size) noexcept {
  for (std::size_t j = 0; j < size; ++j) delta[j] *= 2.0F * pre[j];
}

EMDYN_LAB_CLONES void relu_forward(const float* a, const float* b, float* pre, float* out,
                                   std::size_t size) noexcept {
  for (std::size_t j = 0; j < size; ++j) {
    const float value = a[j] + b[j];
    pre[j] = value;
    out[j] = value > 0.0F ? value : 0.0F;
  }
}

EMDYN_LAB_CLONES void relu_backward(const float* pre, float* delta, std::size_t size) noexcept {
  for (std::size_t j = 0; j < size; ++j) delta[j] = pre[j] > 0.0F ? delta[j] : 0.0F;
}

EMDYN_LAB_CLONES void add_to(float* sum, const float* value, std::size_t size) noexcept {
  for (std::size_t j = 0; j < size; ++j) sum[j] += value[j];
}

EMDYN_LAB_CLONES void adam_update(const AdamStep& step, const float* gradient, float* first,
                                  float* second, float* parameter, std::size_t size) noexcept {
  const AdamStep s = step;
  for (std::size_t j = 0; j < size; ++j) {
    float weight = parameter[j] * s.shrink;
    const float slope = gradient[j] + s.coupled_decay * parameter[j];
    const float m = s.beta1 * first[j] + (1.0F - s.beta1) * slope;
    const float v = s.beta2 * second[j] + (1.0F - s.beta2) * slope * slope;
    first[j] = m;
    second[j] = v;
    weight -= s.step_size * m / (std::sqrt(v) * s.inverse_root + s.epsilon);
    parameter[j] = weight;
  }
}

EMDYN_LAB_CLONES void momentum_update(float rate, float momentum, float decay,
                                      const float* gradient, float* buffer, float* parameter,
                                      std::size_t size) noexcept {
  for (std::size_t j = 0; j < size; ++j) {
    const float value = momentum * buffer[j] + (gradient[j] + decay * parameter[j]);
    buffer[j] = value;
    parameter[j] -= rate * value;
  }
}

FlushDenormals::FlushDenormals() noexcept {
#ifdef EMDYN_LAB_X86
  saved_ = _mm_getcsr();
  _mm_setcsr(saved_ | 0x8040U);
#endif
}

FlushDenormals::~FlushDenormals() {
#ifdef EMDYN_LAB_X86
  _mm_setcsr(saved_);
#endif
}

}  // namespace emdyn::model::lab
