#include "emdyn/provoke/ood/scores/vim.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/provoke/ood/contract/class_statistics.hpp"
#include "emdyn/provoke/ood/contract/packed_head.hpp"
#include "emdyn/provoke/ood/contract/softmax.hpp"

namespace emdyn::provoke::ood {
namespace {

/// The point whose logits are nearest to 0: −W⁺b.
Eigen::VectorXd head_origin(const LinearHead& head) {
  const auto classes = static_cast<Eigen::Index>(head.weight.rows);
  Eigen::MatrixXd weight(classes, static_cast<Eigen::Index>(head.weight.columns));
  Eigen::VectorXd bias(classes);
  for (Eigen::Index c = 0; c < classes; ++c) {
    for (Eigen::Index j = 0; j < weight.cols(); ++j) {
      weight(c, j) = head.weight(static_cast<std::size_t>(c), static_cast<std::size_t>(j));
    }
    bias(c) = static_cast<double>(head.bias[static_cast<std::size_t>(c)]);
  }
  return -weight.completeOrthogonalDecomposition().solve(bias);
}

}  // namespace

Vim::Vim(const Config& config) : config_(checked(kName, kFields, config)) {}

void Vim::learn(const TrainingSet& training, const Shape& shape) {
  const auto d = static_cast<Eigen::Index>(shape.features);
  if (d < 2 || config_.dimensions >= d) {
    throw ConfigError(fmt::format("vim.dimensions must lie below the {} features, got {}",
                                  shape.features, config_.dimensions));
  }
  const Eigen::VectorXf origin = head_origin(training.head).cast<float>();
  origin_.assign(origin.data(), origin.data() + d);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> axes(
      second_moment(training.features, origin.cast<double>()));
  auto dimensions = static_cast<Eigen::Index>(config_.dimensions);
  if (dimensions == 0) {
    const double total = axes.eigenvalues().cwiseMax(0.0).sum();
    double held = 0.0;
    while (dimensions < d - 1 && held < config_.explained_share * total) {
      held += std::max(0.0, axes.eigenvalues()(d - 1 - dimensions));
      ++dimensions;
    }
  }
  const Eigen::MatrixXf rest = axes.eigenvectors().leftCols(d - dimensions).cast<float>();
  residual_ = PackedMatrix({rest.data(), rest.data() + rest.size()},  // Columns are directions.
                           static_cast<std::size_t>(d - dimensions), shape.features);
  double residuals = 0.0;
  double logits = 0.0;
  std::array<double, kBlockRows> norms{};
  for (std::size_t begin = 0; begin < training.features.rows; begin += kBlockRows) {
    const std::size_t rows = std::min(kBlockRows, training.features.rows - begin);
    const RowBlock block{training.features.data + begin * training.features.row_stride,
                         training.features.row_stride,
                         training.logits.data + begin * training.logits.row_stride,
                         training.logits.row_stride, rows};
    residual_norms(block, norms);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::span row(block.logit_row(i), shape.classes);
      residuals += norms[i];
      logits += static_cast<double>(row[argmax(row)]);
    }
  }
  alpha_ = residuals > 0.0 ? logits / residuals : 0.0;
}

void Vim::residual_norms(const RowBlock& block, std::span<double> out) const {
  const std::size_t d = origin_.size();
  std::vector<float> x(block.rows * d);
  for (std::size_t i = 0; i < block.rows; ++i) {
    const float* row = block.feature_row(i);
    for (std::size_t j = 0; j < d; ++j) x[i * d + j] = row[j] - origin_[j];
  }
  std::vector<float> parts(block.rows * residual_.stride());
  residual_.multiply(x.data(), d, block.rows, parts.data());
  for (std::size_t i = 0; i < block.rows; ++i) {
    double sum = 0.0;
    for (std::size_t r = 0; r < residual_.outputs(); ++r) {
      const double part = static_cast<double>(parts[i * residual_.stride() + r]);
      sum += part * part;
    }
    out[i] = std::sqrt(sum);
  }
}

void Vim::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  residual_norms(block, out);
  for (std::size_t i = 0; i < block.rows; ++i) {
    out[i] = log_sum_exp(std::span(block.logit_row(i), shape.classes)) - alpha_ * out[i];
  }
}

bool Vim::valid(const Shape& shape) const noexcept {
  return shape.classes > 0 && origin_.size() == shape.features && residual_.outputs() > 0 &&
         residual_.valid(residual_.outputs(), shape.features);
}

}  // namespace emdyn::provoke::ood
