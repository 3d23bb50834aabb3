#include "emdyn/provoke/guard/kernel_density.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "emdyn/core/parallel.hpp"

namespace emdyn::provoke::guard {
namespace {

constexpr double kLowest = -1e300;
constexpr std::size_t kNoIndex = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kChosenOn = 400;  ///< Examples the bandwidth is chosen on, at most.

double squared_distance(const float* a, const float* b, std::size_t size) noexcept {
  double sum = 0.0;
  for (std::size_t j = 0; j < size; ++j) {
    const double difference = static_cast<double>(a[j]) - static_cast<double>(b[j]);
    sum += difference * difference;
  }
  return sum;
}

}  // namespace

KernelDensity::KernelDensity(const provoke::ood::Matrix& features,
                             std::span<const std::uint32_t> labels, std::size_t classes,
                             std::size_t per_class)
    : columns_(features.columns) {
  offsets_.push_back(0);
  for (std::size_t c = 0; c < classes; ++c) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < features.rows && kept < per_class; ++i) {
      if (labels[i] != c) continue;
      const float* row = features.data + i * features.row_stride;
      examples_.insert(examples_.end(), row, row + features.columns);
      ++kept;
    }
    offsets_.push_back(offsets_.back() + kept);
  }
  bandwidth_ = choose_bandwidth();
}

std::span<const float> KernelDensity::examples(std::uint32_t label) const noexcept {
  return std::span(examples_).subspan(offsets_[label] * columns_,
                                      (offsets_[label + 1] - offsets_[label]) * columns_);
}

double KernelDensity::log_mean_kernel(std::span<const float> features, std::uint32_t label,
                                      double bandwidth, std::size_t leave_out) const noexcept {
  const std::size_t first = offsets_[label];
  const std::size_t last = offsets_[label + 1];
  const double scale = -0.5 / (bandwidth * bandwidth);
  double largest = -HUGE_VAL;  // Running log-sum-exp: one pass, no overflow.
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t i = first; i < last; ++i) {
    if (i == leave_out) continue;
    const double exponent =
        scale * squared_distance(features.data(), examples_.data() + i * columns_, columns_);
    count += 1.0;
    if (exponent > largest) {
      sum = sum * std::exp(largest - exponent) + 1.0;
      largest = exponent;
    } else {
      sum += std::exp(exponent - largest);
    }
  }
  if (count == 0.0) return kLowest;
  const double normal =
      static_cast<double>(columns_) * std::log(bandwidth * std::sqrt(2.0 * std::numbers::pi));
  const double value = largest + std::log(sum / count) - normal;
  return std::isfinite(value) ? value : kLowest;
}

double KernelDensity::choose_bandwidth() const {
  // Evenly spaced examples, with the class each belongs to.
  struct Example {
    std::size_t index;
    std::uint32_t label;
  };
  std::vector<Example> chosen;
  const std::size_t all = offsets_.back();
  const std::size_t step = std::max<std::size_t>(1, all / kChosenOn);
  std::uint32_t label = 0;
  for (std::size_t i = 0; i < all; i += step) {
    while (i >= offsets_[label + 1]) ++label;
    chosen.push_back({i, label});
  }
  std::vector<double> nearest(chosen.size(), HUGE_VAL);
  parallel_for(chosen.size(), [&](std::size_t c) {
    const float* x = examples_.data() + chosen[c].index * columns_;
    for (std::size_t i = offsets_[chosen[c].label]; i < offsets_[chosen[c].label + 1]; ++i) {
      if (i == chosen[c].index) continue;
      nearest[c] =
          std::min(nearest[c], squared_distance(x, examples_.data() + i * columns_, columns_));
    }
  });
  std::erase_if(nearest, [](double d) { return !(d > 0.0) || !std::isfinite(d); });
  if (nearest.empty()) return 1.0;
  std::ranges::nth_element(nearest,
                           nearest.begin() + static_cast<std::ptrdiff_t>(nearest.size() / 2));
  const double unit = std::sqrt(nearest[nearest.size() / 2]);
  double best = unit;
  double best_likelihood = -HUGE_VAL;
  for (const double factor : {0.125, 0.1875, 0.25, 0.375, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0}) {
    std::vector<double> likelihoods(chosen.size());
    parallel_for(chosen.size(), [&](std::size_t c) {
      const std::span<const float> x(examples_.data() + chosen[c].index * columns_, columns_);
      likelihoods[c] = log_mean_kernel(x, chosen[c].label, factor * unit, chosen[c].index);
    });
    double total = 0.0;
    for (const double one : likelihoods) total += one;
    if (total > best_likelihood) {
      best_likelihood = total;
      best = factor * unit;
    }
  }
  return best;
}

double KernelDensity::log_density(std::span<const float> features,
                                  std::uint32_t label) const noexcept {
  return log_mean_kernel(features, label, bandwidth_, kNoIndex);
}

bool KernelDensity::valid(std::uint64_t features, std::uint64_t classes) const noexcept {
  if (columns_ != features || offsets_.size() != classes + 1 || offsets_.front() != 0 ||
      !(bandwidth_ > 0.0) || features == 0) {
    return false;
  }
  if (!std::ranges::is_sorted(offsets_)) return false;
  return examples_.size() % features == 0 && examples_.size() / features == offsets_.back();
}

}  // namespace emdyn::provoke::guard
