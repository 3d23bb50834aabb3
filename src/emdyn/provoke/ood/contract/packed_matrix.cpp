#include "emdyn/provoke/ood/contract/packed_matrix.hpp"

#include <algorithm>

namespace emdyn::provoke::ood {

PackedMatrix::PackedMatrix(const std::vector<float>& rows, std::size_t outputs, std::size_t inputs)
    : outputs_(outputs), inputs_(inputs), data_(math::padded(outputs) * inputs, 0.0F) {
  for (std::size_t j = 0; j < outputs; ++j) {
    const std::size_t panel = j / kPanel;
    float* column = data_.data() + panel * kPanel * inputs + j % kPanel;
    for (std::size_t i = 0; i < inputs; ++i) column[i * width(panel)] = rows[j * inputs + i];
  }
  measure_depths();
}

void PackedMatrix::measure_depths() {
  depths_.clear();
  if (!valid(outputs_, inputs_)) return;
  for (std::size_t p = 0; p < panels(); ++p) {
    const float* panel = data_.data() + p * kPanel * inputs_;
    std::size_t depth = inputs_;
    const auto zero = [&](std::size_t input) {
      const float* row = panel + input * width(p);
      return std::all_of(row, row + width(p), [](float value) { return value == 0.0F; });
    };
    while (depth > 0 && zero(depth - 1)) --depth;
    depths_.push_back(depth);
  }
}

void PackedMatrix::multiply(std::size_t panel, const float* a, std::size_t a_stride,
                            std::size_t rows, float* out, std::size_t out_stride) const noexcept {
  math::gemm(rows, width(panel), depths_[panel], {a, a_stride, 1},
             data_.data() + panel * kPanel * inputs_, width(panel), out, out_stride, false);
}

void PackedMatrix::multiply(const float* a, std::size_t a_stride, std::size_t rows,
                            float* out) const noexcept {
  for (std::size_t p = 0; p < panels(); ++p) {
    multiply(p, a, a_stride, rows, out + p * kPanel, stride());
  }
}

bool PackedMatrix::valid(std::uint64_t outputs, std::uint64_t inputs) const noexcept {
  if (outputs != outputs_ || inputs != inputs_) return false;
  // Sizes from hostile bytes: no product below may wrap around.
  if (outputs == 0) return data_.empty();
  if (inputs == 0) return false;
  if (outputs > (std::uint64_t{1} << 32) || inputs > (std::uint64_t{1} << 31)) return false;
  return data_.size() / inputs == math::padded(outputs) && data_.size() % inputs == 0;
}

}  // namespace emdyn::provoke::ood
