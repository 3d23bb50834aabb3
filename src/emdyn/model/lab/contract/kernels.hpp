#pragma once
#include <cstddef>
#include <span>

#include "emdyn/math/gemm.hpp"

/// Single-precision loops of the hand-written networks. Rows are padded to kLanes floats. Every
/// sum has one fixed order, so equal input gives equal bits on one processor type, whatever the
/// threads.
namespace emdyn::model::lab {

using math::Factor;
using math::gemm;
using math::gemm_instruction_set;
using math::kLanes;
using math::padded;

/// What one row of logits says about its target class: its loss is `part` + ln `factor`. Factors
/// are at most the number of classes, so those of a block are multiplied before one logarithm.
struct RowLoss {
  double part = 0.0;
  double factor = 1.0;
  bool correct = false;  ///< The target has strictly the greatest logit.
};

/// Softmax cross-entropy, -ln softmax(logits)[target], in nats. Overwrites the row with the
/// gradient times `scale`, padding 0; leaves scratch numbers there when `scale` is 0.
RowLoss cross_entropy_row(float* logits, std::size_t classes, std::size_t target,
                          float scale) noexcept;

/// Squared error against the one-hot target, averaged over classes. Overwrites the row with the
/// gradient times `scale`, padding 0; leaves scratch numbers there when `scale` is 0.
RowLoss squared_error_row(float* logits, std::size_t classes, std::size_t target,
                          float scale) noexcept;

/// out = (a + b)^2 and pre = a + b. Lengths are multiples of kLanes, here and below.
void quadratic_forward(const float* a, const float* b, float* pre, float* out,
                       std::size_t size) noexcept;
/// delta *= 2 * pre
void quadratic_backward(const float* pre, float* delta, std::size_t size) noexcept;
/// out = max(a + b, 0) and pre = a + b.
void relu_forward(const float* a, const float* b, float* pre, float* out,
                  std::size_t size) noexcept;
/// delta = pre > 0 ? delta : 0
void relu_backward(const float* pre, float* delta, std::size_t size) noexcept;
/// sum += value
void add_to(float* sum, const float* value, std::size_t size) noexcept;

/// One Adam step on `size` parameters; see Optimizer for the symbols.
struct AdamStep {
  float shrink;         ///< Parameters are multiplied by this first (decoupled decay).
  float coupled_decay;  ///< Added to the gradient as coupled_decay * parameter.
  float beta1;
  float beta2;
  float step_size;     ///< rate / (1 - beta1^t)
  float inverse_root;  ///< 1 / sqrt(1 - beta2^t)
  float epsilon;
};
void adam_update(const AdamStep& step, const float* gradient, float* first, float* second,
                 float* parameter, std::size_t size) noexcept;
void momentum_update(float rate, float momentum, float decay, const float* gradient, float* buffer,
                     float* parameter, std::size_t size) noexcept;

/// Treats denormal numbers as zero on this thread while it lives: they cost a hundred times more
/// and carry nothing here.
class FlushDenormals {
 public:
  FlushDenormals() noexcept;
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned saved_ = 0;
};

}  // namespace emdyn::model::lab
