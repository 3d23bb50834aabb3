#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "emdyn/math/matrix_view.hpp"

namespace emdyn::provoke::ood {

/// Row-major single-precision matrix that lives elsewhere, one sample a row; `column_stride` is 1.
using Matrix = math::MatrixView<float>;

/// The last layer of a classifier: logits = weight · features + bias.
struct LinearHead {
  Matrix weight;                ///< [class, feature]
  std::span<const float> bias;  ///< [class]
};

/// In-distribution samples a score is fitted on. What a score does not need may stay empty, but the
/// number of columns of what it will score must be known here (rows may be 0).
struct TrainingSet {
  Matrix features;                        ///< [sample, feature], the input of the head.
  Matrix logits;                          ///< [sample, class]
  std::span<const std::uint32_t> labels;  ///< [sample], below the number of classes.
  LinearHead head;
};

/// Samples to be scored; what the score does not need may stay empty.
struct ScoredBatch {
  Matrix features;  ///< [sample, feature]
  Matrix logits;    ///< [sample, class]
};

/// Which inputs something needs.
struct Inputs {
  bool features = false;
  bool logits = false;
  bool labels = false;
  bool head = false;
};

/// Numbers of columns a scorer was fitted for; 0 where it needs none.
struct Shape {
  std::uint64_t features = 0;
  std::uint64_t classes = 0;
  bool operator==(const Shape&) const = default;
};

/// At most this many consecutive rows of a batch, all finite: what a method scores in one call.
inline constexpr std::size_t kBlockRows = 64;

struct RowBlock {
  const float* features = nullptr;
  std::size_t feature_stride = 0;
  const float* logits = nullptr;
  std::size_t logit_stride = 0;
  std::size_t rows = 0;

  const float* feature_row(std::size_t i) const noexcept { return features + i * feature_stride; }
  const float* logit_row(std::size_t i) const noexcept { return logits + i * logit_stride; }
};

}  // namespace emdyn::provoke::ood
