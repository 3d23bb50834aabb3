#include "emdyn/model/lab/grokking/mlp.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/model/lab/contract/kernels.hpp"

namespace emdyn::model::lab {
namespace {

// Hidden units, their gradients and logits of a block stay in the L2 cache; 251 classes to the
// power of 96 is still a double.
constexpr std::size_t kBlockRows = 96;
constexpr std::size_t kParts = 4;

/// How many parts a set of pairs is cut into; a function of its size only.
std::size_t part_count(std::size_t pairs) {
  return std::clamp<std::size_t>(pairs / 128, 1, kParts);
}

}  // namespace

Mlp::Mlp(const Shape& shape, double init_scale, Philox random)
    : shape_(shape),
      units_(padded(shape.width)),
      classes_(padded(shape.p)),
      parameters_(2 * std::size_t{shape.p} * units_ + units_ * classes_, 0.0F),
      gradients_(parameters_.size(), 0.0F),
      output_transposed_(units_ * classes_),
      parts_(kParts) {
  const double first = init_scale / std::sqrt(2.0);
  for (std::size_t token = 0; token < 2 * std::size_t{shape.p}; ++token) {
    for (std::size_t unit = 0; unit < shape.width; ++unit) {
      parameters_[token * units_ + unit] = static_cast<float>(first * random.normal());
    }
  }
  const double second = init_scale / std::sqrt(static_cast<double>(shape.width));
  for (std::size_t unit = 0; unit < shape.width; ++unit) {
    for (std::size_t k = 0; k < shape.p; ++k) {
      parameters_[output_offset() + unit * classes_ + k] =
          static_cast<float>(second * random.normal());
    }
  }
  for (Part& part : parts_) {
    part.pre.resize(kBlockRows * units_);
    part.hidden.resize(kBlockRows * units_);
    part.delta.resize(kBlockRows * units_);
    part.logits.resize(kBlockRows * classes_);
    part.gradients.resize(parameters_.size());
  }
}

void Mlp::forward_block(std::span<const Pair> pairs, Part& part) const {
  const float* rows = parameters_.data();
  const float* second_rows = rows + std::size_t{shape_.p} * units_;
  const auto forward =
      shape_.activation == Activation::quadratic ? quadratic_forward : relu_forward;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    forward(rows + pairs[i].x * units_, second_rows + pairs[i].y * units_,
            part.pre.data() + i * units_, part.hidden.data() + i * units_, units_);
  }
  gemm(pairs.size(), classes_, units_, {part.hidden.data(), units_, 1},
       parameters_.data() + output_offset(), classes_, part.logits.data(), classes_, false);
}

void Mlp::backward_block(std::span<const Pair> pairs, Part& part) const {
  gemm(units_, classes_, pairs.size(), {part.hidden.data(), 1, units_}, part.logits.data(),
       classes_, part.gradients.data() + output_offset(), classes_, true);
  gemm(pairs.size(), units_, classes_, {part.logits.data(), classes_, 1}, output_transposed_.data(),
       units_, part.delta.data(), units_, false);
  if (shape_.activation == Activation::quadratic) {
    quadratic_backward(part.pre.data(), part.delta.data(), pairs.size() * units_);
  } else {
    relu_backward(part.pre.data(), part.delta.data(), pairs.size() * units_);
  }
  float* rows = part.gradients.data();
  float* second_rows = rows + std::size_t{shape_.p} * units_;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const float* delta = part.delta.data() + i * units_;
    add_to(rows + pairs[i].x * units_, delta, units_);
    add_to(second_rows + pairs[i].y * units_, delta, units_);
  }
}

void Mlp::run_part(std::span<const Pair> pairs, float scale, bool backward, Part& part) const {
  const FlushDenormals guard;
  part.loss = 0.0;
  part.correct = 0;
  if (backward) std::fill(part.gradients.begin(), part.gradients.end(), 0.0F);
  const auto row_loss =
      shape_.loss == TrainingLoss::cross_entropy ? cross_entropy_row : squared_error_row;
  for (std::size_t begin = 0; begin < pairs.size(); begin += kBlockRows) {
    const auto block = pairs.subspan(begin, std::min(kBlockRows, pairs.size() - begin));
    forward_block(block, part);
    double factor = 1.0;
    for (std::size_t i = 0; i < block.size(); ++i) {
      const RowLoss row =
          row_loss(part.logits.data() + i * classes_, shape_.p, block[i].target, scale);
      part.loss += row.part;
      factor *= row.factor;
      part.correct += row.correct ? 1 : 0;
    }
    part.loss += std::log(factor);
    if (backward) backward_block(block, part);
  }
}

Metrics Mlp::run(std::span<const Pair> pairs, bool backward) {
  const std::size_t parts = part_count(pairs.size());
  const float scale = backward ? 1.0F / static_cast<float>(pairs.size()) : 0.0F;
  parallel_for(parts, [&](std::size_t i) {
    const std::size_t begin = pairs.size() * i / parts;
    const std::size_t end = pairs.size() * (i + 1) / parts;
    run_part(pairs.subspan(begin, end - begin), scale, backward, parts_[i]);
  });
  Metrics metrics;
  for (std::size_t i = 0; i < parts; ++i) {
    metrics.loss += parts_[i].loss;
    metrics.accuracy += static_cast<double>(parts_[i].correct);
  }
  metrics.loss /= static_cast<double>(pairs.size());
  metrics.accuracy /= static_cast<double>(pairs.size());
  if (backward) sum_gradients(parts);
  return metrics;
}

void Mlp::sum_gradients(std::size_t parts) {
  std::copy(parts_[0].gradients.begin(), parts_[0].gradients.end(), gradients_.begin());
  for (std::size_t i = 1; i < parts; ++i) {
    add_to(gradients_.data(), parts_[i].gradients.data(), gradients_.size());
  }
}

Metrics Mlp::forward_backward(std::span<const Pair> pairs) {
  const float* output = parameters_.data() + output_offset();
  for (std::size_t unit = 0; unit < units_; ++unit) {
    for (std::size_t k = 0; k < classes_; ++k) {
      output_transposed_[k * units_ + unit] = output[unit * classes_ + k];
    }
  }
  return run(pairs, true);
}

Metrics Mlp::evaluate(std::span<const Pair> pairs) { return run(pairs, false); }

math::MatrixView<float> Mlp::hidden(std::span<const Pair> pairs) {
  sample_.resize(pairs.size() * units_);
  Part& part = parts_[0];
  for (std::size_t begin = 0; begin < pairs.size(); begin += kBlockRows) {
    const auto block = pairs.subspan(begin, std::min(kBlockRows, pairs.size() - begin));
    forward_block(block, part);
    std::copy_n(part.hidden.begin(), block.size() * units_,
                sample_.begin() + static_cast<std::ptrdiff_t>(begin * units_));
  }
  return {sample_.data(), pairs.size(), shape_.width, units_, 1};
}

std::vector<WeightMatrix> Mlp::layers() const {
  const std::size_t tokens = 2 * std::size_t{shape_.p};
  return {{"embedding", {parameters_.data(), tokens, shape_.width, units_, 1}},
          {"output", {parameters_.data() + output_offset(), shape_.width, shape_.p, classes_, 1}}};
}

math::MatrixView<float> Mlp::embedding() const {
  return {parameters_.data(), shape_.p, shape_.width, units_, 1};
}

double Mlp::forward_operations() const noexcept {
  return static_cast<double>(units_ * (classes_ + 2));
}

}  // namespace emdyn::model::lab
