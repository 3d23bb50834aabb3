#include "emdyn/provoke/ood/scores/head_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/provoke/ood/contract/packed_head.hpp"
#include "emdyn/provoke/ood/contract/softmax.hpp"

namespace emdyn::provoke::ood {
namespace {

double product(const float* a, const float* b, std::size_t count) noexcept {
  double sum = 0.0;
  for (std::size_t j = 0; j < count; ++j) {
    sum += static_cast<double>(a[j]) * static_cast<double>(b[j]);
  }
  return sum;
}

double l1_norm(const float* row, std::size_t count) noexcept {
  double sum = 0.0;
  for (std::size_t j = 0; j < count; ++j) sum += std::abs(static_cast<double>(row[j]));
  return sum;
}

double distance(const float* a, const float* b, std::size_t count) noexcept {
  double sum = 0.0;
  for (std::size_t j = 0; j < count; ++j) {
    const double gap = static_cast<double>(a[j]) - static_cast<double>(b[j]);
    sum += gap * gap;
  }
  return std::sqrt(sum);
}

std::vector<float> mean_features(const Matrix& features) {
  std::vector<float> centre;
  for (const double mean : column_means(features)) centre.push_back(static_cast<float>(mean));
  return centre;
}

/// sizes fit without any product that could wrap around.
bool is_table(std::size_t size, std::uint64_t rows, std::uint64_t columns) noexcept {
  return rows > 0 && columns > 0 && size % columns == 0 && size / columns == rows;
}

/// Distances below this count as it: a sample on the training mean itself.
constexpr double kLeastDistance = 1e-12;

}  // namespace

void GradNorm::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  std::vector<double> p(shape.classes);
  const double classes = static_cast<double>(shape.classes);
  for (std::size_t i = 0; i < block.rows; ++i) {
    softmax(std::span(block.logit_row(i), shape.classes), p);
    double sum = 0.0;
    for (const double probability : p) sum += std::abs(classes * probability - 1.0);
    out[i] = sum * l1_norm(block.feature_row(i), shape.features);
  }
}

void Fdbd::learn(const TrainingSet& training, const Shape& shape) {
  if (shape.classes < 2) throw DataError("fdbd needs a head of at least two classes");
  centre_ = mean_features(training.features);
  const std::vector<float> weight = contiguous(training.head.weight);
  gaps_.resize(shape.classes * shape.classes);
  for (std::size_t a = 0; a < shape.classes; ++a) {
    for (std::size_t b = 0; b < shape.classes; ++b) {
      gaps_[a * shape.classes + b] =
          distance(&weight[a * shape.features], &weight[b * shape.features], shape.features);
    }
  }
}

double Fdbd::boundary_distance(std::span<const float> logits) const noexcept {
  const std::size_t own = argmax(logits);
  double sum = 0.0;
  std::size_t rivals = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const double gap = gaps_[own * logits.size() + c];
    if (gap == 0.0) continue;  // Itself, or a class with the same weights: no boundary.
    sum += (static_cast<double>(logits[own]) - static_cast<double>(logits[c])) / gap;
    ++rivals;
  }
  return rivals == 0 ? 0.0 : sum / static_cast<double>(rivals);
}

void Fdbd::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  for (std::size_t i = 0; i < block.rows; ++i) {
    out[i] =
        boundary_distance(std::span(block.logit_row(i), shape.classes)) /
        std::max(kLeastDistance, distance(block.feature_row(i), centre_.data(), shape.features));
  }
}

bool Fdbd::valid(const Shape& shape) const noexcept {
  return shape.classes > 1 && centre_.size() == shape.features &&
         is_table(gaps_.size(), shape.classes, shape.classes);
}

Nci::Nci(const Config& config) : config_(checked(kName, kFields, config)) {}

void Nci::learn(const TrainingSet& training, const Shape&) {
  centre_ = mean_features(training.features);
  weight_ = contiguous(training.head.weight);
}

void Nci::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  const std::size_t d = shape.features;
  for (std::size_t i = 0; i < block.rows; ++i) {
    const float* row = block.feature_row(i);
    const float* weight = &weight_[argmax(std::span(block.logit_row(i), shape.classes)) * d];
    const double aligned = product(row, weight, d) - product(centre_.data(), weight, d);
    out[i] = aligned / std::max(kLeastDistance, distance(row, centre_.data(), d)) +
             config_.norm_weight * l1_norm(row, d);
  }
}

bool Nci::valid(const Shape& shape) const noexcept {
  return centre_.size() == shape.features &&
         is_table(weight_.size(), shape.classes, shape.features);
}

void She::learn(const TrainingSet& training, const Shape& shape) {
  const std::size_t d = shape.features;
  std::vector<double> sums(2 * shape.classes * d, 0.0);  // Those it gets right, then all.
  std::vector<double> counts(2 * shape.classes, 0.0);
  for (std::size_t i = 0; i < training.features.rows; ++i) {
    const std::size_t label = training.labels[i];
    const float* logits = training.logits.data + i * training.logits.row_stride;
    const bool right = argmax(std::span(logits, shape.classes)) == label;
    for (const std::size_t slot : {label, shape.classes + label}) {
      if (slot == label && !right) continue;
      counts[slot] += 1.0;
      for (std::size_t j = 0; j < d; ++j) sums[slot * d + j] += training.features(i, j);
    }
  }
  patterns_.assign(shape.classes * d, 0.0F);
  for (std::size_t c = 0; c < shape.classes; ++c) {
    const std::size_t slot = counts[c] > 0.0 ? c : shape.classes + c;
    if (counts[slot] == 0.0) continue;
    for (std::size_t j = 0; j < d; ++j) {
      patterns_[c * d + j] = static_cast<float>(sums[slot * d + j] / counts[slot]);
    }
  }
}

void She::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  const std::size_t d = shape.features;
  for (std::size_t i = 0; i < block.rows; ++i) {
    const std::size_t own = argmax(std::span(block.logit_row(i), shape.classes));
    out[i] = product(block.feature_row(i), &patterns_[own * d], d);
  }
}

bool She::valid(const Shape& shape) const noexcept {
  return is_table(patterns_.size(), shape.classes, shape.features);
}

}  // namespace emdyn::provoke::ood
