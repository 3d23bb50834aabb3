#pragma once
#include <span>
#include <vector>

#include "emdyn/core/snapshot.hpp"
#include "emdyn/provoke/ood/contract/inputs.hpp"
#include "emdyn/provoke/ood/contract/packed_matrix.hpp"

namespace emdyn::provoke::ood {

/// The classifier's last layer, ready to be applied to blocks of (altered) features.
class PackedHead {
 public:
  PackedHead() = default;
  explicit PackedHead(const LinearHead& head);
  PackedHead(const std::vector<float>& weight, const std::vector<float>& bias);

  std::size_t classes() const noexcept { return bias_.size(); }
  /// Columns of a row of logits, padding included.
  std::size_t stride() const noexcept { return weight_.stride(); }
  /// @param out [rows, stride()].
  void logits(const float* features, std::size_t feature_stride, std::size_t rows,
              float* out) const noexcept;
  /// One energy (temperature 1) a row.
  void energies(const float* features, std::size_t feature_stride, std::size_t rows,
                std::span<double> out) const;

  bool valid(const Shape& shape) const noexcept {
    return shape.classes > 0 && bias_.size() == shape.classes &&
           weight_.valid(shape.classes, shape.features);
  }
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.weight_, sized(self.bias_));
  }

 private:
  PackedMatrix weight_;
  std::vector<float> bias_;
};

/// Copy of the rows of a matrix, without strides.
std::vector<float> contiguous(const Matrix& matrix);

/// Mean of every column, in double precision. @pre at least one row.
std::vector<double> column_means(const Matrix& matrix);

}  // namespace emdyn::provoke::ood
