#include "emdyn/provoke/guard/reference_panel.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/provoke/guard/guard.hpp"
#include "emdyn/provoke/ood/contract/class_statistics.hpp"

namespace emdyn::provoke::guard {
namespace {

double length(std::span<const float> values) noexcept {
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

}  // namespace

ReferencePanel::ReferencePanel(const provoke::ood::TrainingSet& training, std::size_t classes,
                               std::span<const std::uint64_t> rows, std::size_t bank)
    : columns_(training.features.columns), means_(classes * training.features.columns, 0.0) {
  const std::size_t d = training.features.columns;
  std::vector<double> counts(classes, 0.0);
  for (std::size_t i = 0; i < training.features.rows; ++i) {
    const std::size_t c = training.labels[i];
    counts[c] += 1.0;
    for (std::size_t j = 0; j < d; ++j) means_[c * d + j] += training.features(i, j);
  }
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t j = 0; j < d; ++j) means_[c * d + j] /= std::max(counts[c], 1.0);
  }
  const Eigen::MatrixXd whiten =
      provoke::ood::whitening(provoke::ood::shrunk_within_covariance(training, classes, -1.0));
  const Eigen::MatrixXd precision = whiten.transpose() * whiten;
  precision_.assign(precision.data(), precision.data() + precision.size());

  const std::size_t step = std::max<std::size_t>(1, (training.features.rows + bank - 1) / bank);
  for (std::size_t i = 0; i < training.features.rows; i += step) {
    const std::span<const float> row(training.features.data + i * training.features.row_stride, d);
    const double norm = length(row);
    for (const float value : row) {
      bank_.push_back(norm > 0.0 ? static_cast<float>(static_cast<double>(value) / norm) : 0.0F);
    }
    indices_.push_back(rows[i]);
    labels_.push_back(training.labels[i]);
  }
}

std::vector<FeatureShare> ReferencePanel::shares(std::span<const float> features,
                                                 std::uint32_t label, std::size_t count) const {
  const std::size_t d = columns_;
  const std::span<const double> mean = std::span(means_).subspan(label * d, d);
  std::vector<FeatureShare> all(d);
  double total = 0.0;
  for (std::size_t j = 0; j < d; ++j) {
    double pull = 0.0;
    for (std::size_t k = 0; k < d; ++k) {
      pull += precision_[j * d + k] * (static_cast<double>(features[k]) - mean[k]);
    }
    const double value = static_cast<double>(features[j]);
    all[j] = {j, value, mean[j], (value - mean[j]) * pull};
    total += all[j].share;
  }
  for (FeatureShare& one : all) one.share = total > 0.0 ? one.share / total : 0.0;
  count = std::min(count, d);
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(count),
                            [](const FeatureShare& a, const FeatureShare& b) {
                              return a.share != b.share ? a.share > b.share : a.feature < b.feature;
                            });
  all.resize(count);
  return all;
}

std::vector<Neighbour> ReferencePanel::nearest(std::span<const float> features,
                                               std::size_t count) const {
  const double norm = length(features);
  std::vector<Neighbour> all(indices_.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    float product = 0.0F;
    const float* row = bank_.data() + i * columns_;
    for (std::size_t j = 0; j < columns_; ++j) product += row[j] * features[j];
    const double cosine = norm > 0.0 ? static_cast<double>(product) / norm : 0.0;
    all[i] = {indices_[i], labels_[i], std::sqrt(std::max(0.0, 2.0 - 2.0 * cosine))};
  }
  count = std::min(count, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(count),
                            [](const Neighbour& a, const Neighbour& b) {
                              return a.distance != b.distance ? a.distance < b.distance
                                                              : a.index < b.index;
                            });
  all.resize(count);
  return all;
}

bool ReferencePanel::valid(std::uint64_t features, std::uint64_t classes) const noexcept {
  return columns_ == features && means_.size() == classes * features &&
         precision_.size() == features * features && indices_.size() == labels_.size() &&
         bank_.size() == indices_.size() * features && !indices_.empty() &&
         std::ranges::all_of(labels_, [&](std::uint32_t label) { return label < classes; });
}

}  // namespace emdyn::provoke::guard
