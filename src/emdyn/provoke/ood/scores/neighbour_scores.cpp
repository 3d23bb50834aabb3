#include "emdyn/provoke/ood/scores/neighbour_scores.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/ood/contract/softmax.hpp"

namespace emdyn::provoke::ood {
namespace {

/// Adds `row` scaled to length `length` (0 stays 0).
void append_scaled(std::vector<float>& to, const float* row, std::size_t count, double length) {
  double squared = 0.0;
  for (std::size_t j = 0; j < count; ++j) {
    squared += static_cast<double>(row[j]) * static_cast<double>(row[j]);
  }
  const double scale = squared > 0.0 ? length / std::sqrt(squared) : 0.0;
  for (std::size_t j = 0; j < count; ++j) {
    to.push_back(static_cast<float>(static_cast<double>(row[j]) * scale));
  }
}

std::vector<float> unit_rows(const RowBlock& block, std::size_t features) {
  std::vector<float> unit;
  unit.reserve(block.rows * features);
  for (std::size_t i = 0; i < block.rows; ++i) {
    append_scaled(unit, block.feature_row(i), features, 1.0);
  }
  return unit;
}

/// `most` of `count` rows at random, in their order; all when `most` is not below `count`.
std::vector<std::size_t> draw_rows(std::size_t count, std::size_t most, std::int64_t seed) {
  std::vector<std::size_t> rows(count);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  if (most >= count) return rows;
  Philox random(static_cast<std::uint64_t>(seed), 0x6f6f64);
  for (std::size_t i = 0; i < most; ++i) {
    const auto left = static_cast<std::uint32_t>(std::min<std::size_t>(count - i, 0xffffffffU));
    std::swap(rows[i], rows[i + random.below(left)]);
  }
  rows.resize(most);
  std::sort(rows.begin(), rows.end());
  return rows;
}

using Similar = std::pair<float, std::size_t>;  ///< Product with a bank row, and which.

/// The `count` greatest products with the bank of each row of `queries`, [row], unordered but with
/// the least first.
std::vector<std::vector<Similar>> most_similar(const PackedMatrix& bank,
                                               const std::vector<float>& queries, std::size_t rows,
                                               std::size_t count) {
  std::vector<std::vector<Similar>> found(rows);
  for (auto& each : found) each.reserve(count);
  std::vector<float> products(rows * PackedMatrix::kPanel);
  for (std::size_t panel = 0; panel < bank.panels(); ++panel) {
    const std::size_t first = panel * PackedMatrix::kPanel;
    const std::size_t here = std::min(PackedMatrix::kPanel, bank.outputs() - first);
    bank.multiply(panel, queries.data(), bank.inputs(), rows, products.data(),
                  PackedMatrix::kPanel);
    for (std::size_t i = 0; i < rows; ++i) {
      const float* product = products.data() + i * PackedMatrix::kPanel;
      auto& heap = found[i];
      for (std::size_t j = 0; j < here; ++j) {
        if (heap.size() < count) {
          heap.emplace_back(product[j], first + j);
          std::push_heap(heap.begin(), heap.end(), std::greater<>{});
        } else if (product[j] > heap.front().first) {
          std::pop_heap(heap.begin(), heap.end(), std::greater<>{});
          heap.back() = {product[j], first + j};
          std::push_heap(heap.begin(), heap.end(), std::greater<>{});
        }
      }
    }
  }
  return found;
}

std::size_t used_neighbours(std::int64_t neighbours, const PackedMatrix& bank) {
  return std::min(static_cast<std::size_t>(neighbours), bank.outputs());
}

}  // namespace

Knn::Knn(const Config& config) : config_(checked(kName, kFields, config)) {}

void Knn::learn(const TrainingSet& training, const Shape& shape) {
  const Matrix& x = training.features;
  const auto most = static_cast<std::size_t>(config_.bank_rows_most);
  const auto rows = draw_rows(x.rows, most == 0 ? x.rows : most, config_.seed);
  std::vector<float> unit;
  unit.reserve(rows.size() * shape.features);
  for (const std::size_t row : rows) {
    append_scaled(unit, x.data + row * x.row_stride, shape.features, 1.0);
  }
  bank_ = PackedMatrix(unit, rows.size(), shape.features);
}

void Knn::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  const std::size_t d = shape.features;
  const std::vector<float> queries = unit_rows(block, d);
  const auto found =
      most_similar(bank_, queries, block.rows, used_neighbours(config_.neighbours, bank_));
  for (std::size_t i = 0; i < block.rows; ++i) {
    // Directly, not as 2 − 2·product, which loses near duplicates.
    const std::size_t neighbour = found[i].front().second;
    double squared = 0.0;
    for (std::size_t j = 0; j < d; ++j) {
      const double gap =
          static_cast<double>(queries[i * d + j]) - static_cast<double>(bank_.at(neighbour, j));
      squared += gap * gap;
    }
    out[i] = -std::sqrt(squared);
  }
}

bool Knn::valid(const Shape& shape) const noexcept {
  return bank_.outputs() > 0 && bank_.valid(bank_.outputs(), shape.features);
}

NnGuide::NnGuide(const Config& config) : config_(checked(kName, kFields, config)) {}

void NnGuide::learn(const TrainingSet& training, const Shape& shape) {
  const Matrix& x = training.features;
  const auto share =
      static_cast<std::size_t>(std::ceil(config_.bank_share * static_cast<double>(x.rows)));
  const auto rows = draw_rows(x.rows, std::max(share, static_cast<std::size_t>(config_.neighbours)),
                              config_.seed);
  std::vector<float> scaled;
  scaled.reserve(rows.size() * shape.features);
  for (const std::size_t row : rows) {
    const std::span logits(training.logits.data + row * training.logits.row_stride, shape.classes);
    append_scaled(scaled, x.data + row * x.row_stride, shape.features, log_sum_exp(logits));
  }
  bank_ = PackedMatrix(scaled, rows.size(), shape.features);
}

void NnGuide::score(const RowBlock& block, const Shape& shape, std::span<double> out) const {
  const auto found = most_similar(bank_, unit_rows(block, shape.features), block.rows,
                                  used_neighbours(config_.neighbours, bank_));
  for (std::size_t i = 0; i < block.rows; ++i) {
    double sum = 0.0;
    for (const Similar& each : found[i]) sum += static_cast<double>(each.first);
    out[i] = log_sum_exp(std::span(block.logit_row(i), shape.classes)) * sum /
             static_cast<double>(found[i].size());
  }
}

bool NnGuide::valid(const Shape& shape) const noexcept {
  return shape.classes > 0 && bank_.outputs() > 0 && bank_.valid(bank_.outputs(), shape.features);
}

}  // namespace emdyn::provoke::ood
