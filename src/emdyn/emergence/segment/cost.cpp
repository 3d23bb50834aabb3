#include "emdyn/emergence/segment/cost.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace emdyn::emergence::segment {
namespace {

double length_of(std::size_t first, std::size_t last) { return static_cast<double>(last - first); }

}  // namespace

Sums::Sums(std::span<const double> values)
    : sum_(values.size() + 1), squares_(values.size() + 1), moments_(values.size() + 1) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = values[i];
    sum_[i + 1] = sum_[i] + x;
    squares_[i + 1] = squares_[i] + x * x;
    moments_[i + 1] = moments_[i] + static_cast<double>(i) * x;
  }
}

double Sums::mean(std::size_t first, std::size_t last) const noexcept {
  return (sum_[last] - sum_[first]) / length_of(first, last);
}

double Sums::around_mean(std::size_t first, std::size_t last) const noexcept {
  const double sum = sum_[last] - sum_[first];
  return std::max(0.0, squares_[last] - squares_[first] - sum * sum / length_of(first, last));
}

double Sums::tilt(std::size_t first, std::size_t last) const noexcept {
  const double centre = 0.5 * (static_cast<double>(first) + static_cast<double>(last) - 1.0);
  return moments_[last] - moments_[first] - centre * (sum_[last] - sum_[first]);
}

double Sums::slope(std::size_t first, std::size_t last) const noexcept {
  const double n = length_of(first, last);
  return n < 2.0 ? 0.0 : tilt(first, last) * 12.0 / (n * (n * n - 1.0));
}

double Sums::around_line(std::size_t first, std::size_t last) const noexcept {
  const double n = length_of(first, last);
  if (n < 3.0) return 0.0;
  const double tilted = tilt(first, last);
  const double explained = tilted * tilted * 12.0 / (n * (n * n - 1.0));
  return std::max(0.0, around_mean(first, last) - explained);
}

MeanCost::MeanCost(std::span<const double> values, double variance)
    : sums_(values), inverse_variance_(1.0 / variance) {}

TrendCost::TrendCost(std::span<const double> values, double variance)
    : sums_(values), inverse_variance_(1.0 / variance) {}

MeanVarianceCost::MeanVarianceCost(std::span<const double> values, double floor)
    : sums_(values), floor_(floor) {}

double MeanVarianceCost::operator()(std::size_t first, std::size_t last) const noexcept {
  const double n = length_of(first, last);
  const double squares = sums_.around_mean(first, last);
  const double variance = std::max(floor_, squares / n);
  return n * std::log(2.0 * std::numbers::pi * variance) + squares / variance;
}

DistributionCost::DistributionCost(std::span<const double> values) {
  const std::size_t n = values.size();
  const double count = static_cast<double>(n);
  levels_ = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(4.0 * std::log(count))));
  const double c = -std::log(2.0 * count - 1.0);
  weight_ = -2.0 * c / static_cast<double>(levels_);
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  below_.assign((n + 1) * levels_, 0);
  for (std::size_t k = 0; k < levels_; ++k) {
    const double step = (2.0 * static_cast<double>(k) + 1.0) / static_cast<double>(levels_);
    const double p = 1.0 / (1.0 + (2.0 * count - 1.0) * std::exp(c * step));
    const auto rank = static_cast<std::size_t>(p * (count - 1.0));
    const double quantile = sorted[std::min(rank, n - 1)];
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t twice = values[i] < quantile ? 2U : values[i] == quantile ? 1U : 0U;
      below_[(i + 1) * levels_ + k] = below_[i * levels_ + k] + twice;
    }
  }
}

double DistributionCost::operator()(std::size_t first, std::size_t last) const noexcept {
  const double n = length_of(first, last);
  const std::uint32_t* low = below_.data() + first * levels_;
  const std::uint32_t* high = below_.data() + last * levels_;
  double entropy = 0.0;
  for (std::size_t k = 0; k < levels_; ++k) {
    const double share = 0.5 * static_cast<double>(high[k] - low[k]) / n;
    if (share <= 0.0 || share >= 1.0) continue;
    entropy -= share * std::log(share) + (1.0 - share) * std::log1p(-share);
  }
  return weight_ * n * entropy;
}

MarginalCost::MarginalCost(std::span<const double> values, const RegimePrior& prior)
    : sums_(values), prior_(prior), log_gamma_(values.size() + 1) {
  for (std::size_t n = 0; n < log_gamma_.size(); ++n) {
    log_gamma_[n] = std::lgamma(prior.shape + 0.5 * static_cast<double>(n));
  }
}

double MarginalCost::operator()(std::size_t first, std::size_t last) const noexcept {
  const double n = length_of(first, last);
  const double strength = prior_.strength + n;
  const double shape = prior_.shape + 0.5 * n;
  const double away = sums_.mean(first, last) - prior_.mean;
  const double scale = prior_.scale + 0.5 * sums_.around_mean(first, last) +
                       0.5 * prior_.strength * n * away * away / strength;
  const double log_marginal = log_gamma_[last - first] - log_gamma_[0] +
                              prior_.shape * std::log(prior_.scale) - shape * std::log(scale) +
                              0.5 * std::log(prior_.strength / strength) -
                              0.5 * n * std::log(2.0 * std::numbers::pi);
  return -2.0 * log_marginal;
}

}  // namespace emdyn::emergence::segment
