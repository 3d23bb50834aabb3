#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "emdyn/core/snapshot.hpp"
#include "emdyn/math/gemm.hpp"

namespace emdyn::provoke::ood {

/// A matrix [output, input] laid out for products with blocks of rows: panels of 64 outputs, each
/// contiguous, without the inputs that are zero for the whole panel's end (half of a triangle).
class PackedMatrix {
 public:
  static constexpr std::size_t kPanel = 4 * math::kLanes;

  PackedMatrix() = default;
  /// @param rows row-major [outputs, inputs].
  PackedMatrix(const std::vector<float>& rows, std::size_t outputs, std::size_t inputs);

  std::size_t outputs() const noexcept { return outputs_; }
  std::size_t inputs() const noexcept { return inputs_; }
  std::size_t panels() const noexcept { return (outputs_ + kPanel - 1) / kPanel; }
  /// Outputs of one panel, padded to whole vectors.
  std::size_t width(std::size_t panel) const noexcept {
    const std::size_t left = outputs_ - panel * kPanel;
    return left < kPanel ? math::padded(left) : kPanel;
  }
  /// Columns of a product's result, padding included.
  std::size_t stride() const noexcept { return math::padded(outputs_); }
  float at(std::size_t output, std::size_t input) const noexcept {
    const std::size_t panel = output / kPanel;
    return data_[panel * kPanel * inputs_ + input * width(panel) + output % kPanel];
  }

  /// out[i, j] = row i of `a` · output j of the panel. @param out [rows, stride].
  void multiply(std::size_t panel, const float* a, std::size_t a_stride, std::size_t rows,
                float* out, std::size_t out_stride) const noexcept;
  /// All panels. @param out [rows, stride()].
  void multiply(const float* a, std::size_t a_stride, std::size_t rows, float* out) const noexcept;

  bool valid(std::uint64_t outputs, std::uint64_t inputs) const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.outputs_, self.inputs_, sized(self.data_));
    if constexpr (!std::is_const_v<Self>) self.measure_depths();
  }

 private:
  void measure_depths();

  std::uint64_t outputs_ = 0;
  std::uint64_t inputs_ = 0;
  std::vector<float> data_;          ///< [panel, input, width of the panel]
  std::vector<std::size_t> depths_;  ///< [panel], inputs up to the last that is not all zero.
};

}  // namespace emdyn::provoke::ood
