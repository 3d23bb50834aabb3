#include "emdyn/provoke/ood/contract/packed_head.hpp"

#include "emdyn/provoke/ood/contract/softmax.hpp"

namespace emdyn::provoke::ood {

PackedHead::PackedHead(const LinearHead& head)
    : PackedHead(contiguous(head.weight), {head.bias.begin(), head.bias.end()}) {}

PackedHead::PackedHead(const std::vector<float>& weight, const std::vector<float>& bias)
    : weight_(weight, bias.size(), weight.size() / bias.size()), bias_(bias) {}

void PackedHead::logits(const float* features, std::size_t feature_stride, std::size_t rows,
                        float* out) const noexcept {
  weight_.multiply(features, feature_stride, rows, out);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < bias_.size(); ++c) out[i * stride() + c] += bias_[c];
  }
}

void PackedHead::energies(const float* features, std::size_t feature_stride, std::size_t rows,
                          std::span<double> out) const {
  std::vector<float> all(rows * stride());
  logits(features, feature_stride, rows, all.data());
  for (std::size_t i = 0; i < rows; ++i) {
    out[i] = log_sum_exp(std::span(all).subspan(i * stride(), classes()));
  }
}

std::vector<float> contiguous(const Matrix& matrix) {
  std::vector<float> values;
  values.reserve(matrix.size());
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    const float* row = matrix.data + i * matrix.row_stride;
    values.insert(values.end(), row, row + matrix.columns);
  }
  return values;
}

std::vector<double> column_means(const Matrix& matrix) {
  std::vector<double> means(matrix.columns, 0.0);
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    for (std::size_t j = 0; j < matrix.columns; ++j) means[j] += matrix(i, j);
  }
  for (double& mean : means) mean /= static_cast<double>(matrix.rows);
  return means;
}

}  // namespace emdyn::provoke::ood
