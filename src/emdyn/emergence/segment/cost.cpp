#include "emdyn/emergence/segment/cost.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::emergence::segment {
namespace {

double length_of(std::size_t first, std::size_t last) { return static_cast<double>(last - first); }

}  // namespace

LineFit fit_line(std::span<const double> stretch) noexcept {
  LineFit fit;
  fit.count = static_cast<double>(stretch.size());
  if (stretch.empty()) return fit;
  double sum = 0.0;
  for (const double x : stretch) sum += x;
  fit.mean = sum / fit.count;
  const double centre = 0.5 * (fit.count - 1.0);
  double tilt = 0.0;
  double at = -centre;
  for (const double x : stretch) {
    const double away = x - fit.mean;
    fit.around_mean += away * away;
    tilt += at * away;
    at += 1.0;
  }
  if (stretch.size() < 2) return fit;
  fit.slope = tilt * 12.0 / (fit.count * (fit.count * fit.count - 1.0));
  if (stretch.size() > 2) fit.around_line = std::max(0.0, fit.around_mean - fit.slope * tilt);
  return fit;
}

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

namespace {

/// Frequencies [wave][channel] of a Gaussian kernel of this width.
std::vector<double> kernel_waves(std::size_t waves, std::size_t channels, double width) {
  std::vector<double> frequencies(waves * channels);
  Philox random(1, 0x6B65726EU);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(waves);
    // One channel: the halves of a symmetric spectrum say the same, so one half is enough.
    const double z = channels == 1 ? math::normal_quantile(0.5 + 0.5 * place) : random.normal();
    frequencies[i] = z / width;
  }
  return frequencies;
}

double median_distance(std::span<const std::vector<double>> channels) {
  constexpr std::size_t kPairs = 4000;
  const auto n = static_cast<std::uint32_t>(channels[0].size());
  Philox random(2, 0x6B65726EU);
  std::vector<double> distances(kPairs);
  for (double& distance : distances) {
    const std::size_t i = random.below(n);
    const std::size_t k = random.below(n);
    double square = 0.0;
    for (const auto& channel : channels)
      square += (channel[i] - channel[k]) * (channel[i] - channel[k]);
    distance = std::sqrt(square);
  }
  const auto middle = distances.begin() + kPairs / 2;
  std::ranges::nth_element(distances, middle);
  return *middle > 0.0 ? *middle : 1.0;
}

/// The largest eigenvalue of a positive semidefinite matrix, by powers of it.
double largest_eigenvalue(const std::vector<double>& matrix, std::size_t n) {
  std::vector<double> direction(n);
  for (std::size_t i = 0; i < n; ++i) direction[i] = 1.0 + 0.01 * static_cast<double>(i);
  double value = 0.0;
  for (int round = 0; round < 200; ++round) {
    std::vector<double> next(n, 0.0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n; ++k) next[i] += matrix[i * n + k] * direction[k];
    double length = 0.0;
    for (const double each : next) length += each * each;
    length = std::sqrt(length);
    if (!(length > 0.0)) return 0.0;
    for (std::size_t i = 0; i < n; ++i) direction[i] = next[i] / length;
    if (std::abs(length - value) <= 1e-9 * length) return length;
    value = length;
  }
  return value;
}

}  // namespace

KernelCost::KernelCost(std::span<const std::vector<double>> channels, bool differences) {
  const std::size_t n = channels[0].size();
  const auto frequencies = kernel_waves(kWaves, channels.size(), median_distance(channels));
  const double weight = 1.0 / std::sqrt(static_cast<double>(kWaves));
  sums_.assign((n + 1) * kFeatures, 0.0);
  std::vector<double> features(kFeatures);
  std::vector<double> last(kFeatures);
  std::vector<double> covariance(kFeatures * kFeatures, 0.0);
  const std::size_t stride = std::max<std::size_t>(1, n / 20'000);
  double used = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    std::swap(features, last);
    for (std::size_t wave = 0; wave < kWaves; ++wave) {
      double angle = 0.0;
      for (std::size_t c = 0; c < channels.size(); ++c)
        angle += frequencies[wave * channels.size() + c] * channels[c][i];
      features[2 * wave] = weight * std::cos(angle);
      features[2 * wave + 1] = weight * std::sin(angle);
    }
    for (std::size_t f = 0; f < kFeatures; ++f)
      sums_[(i + 1) * kFeatures + f] = sums_[i * kFeatures + f] + features[f];
    if (i % stride != 0 || (differences && i == 0)) continue;
    used += differences ? 2.0 : 1.0;
    for (std::size_t a = 0; a < kFeatures; ++a) {
      const double first = features[a] - (differences ? last[a] : 0.0);
      for (std::size_t b = 0; b < kFeatures; ++b)
        covariance[a * kFeatures + b] += first * (features[b] - (differences ? last[b] : 0.0));
    }
  }
  double trace = 0.0;
  for (std::size_t a = 0; a < kFeatures; ++a) {
    for (std::size_t b = 0; b < kFeatures; ++b) {
      const double means = sums_[n * kFeatures + a] * sums_[n * kFeatures + b] /
                           (static_cast<double>(n) * static_cast<double>(n));
      double& cell = covariance[a * kFeatures + b];
      cell = cell / std::max(used, 1.0) - (differences ? 0.0 : means);
    }
    trace += covariance[a * kFeatures + a];
  }
  const double largest = largest_eigenvalue(covariance, kFeatures);
  inverse_scale_ = largest > 1e-12 ? 1.0 / largest : 0.0;
  parameters_ = largest > 1e-12 ? std::max(trace / largest, 1.0) : 1.0;
}

double KernelCost::operator()(std::size_t first, std::size_t last) const noexcept {
  const double n = length_of(first, last);
  double square = 0.0;
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const double sum = sums_[last * kFeatures + f] - sums_[first * kFeatures + f];
    square += sum * sum;
  }
  return std::max(0.0, n - square / n) * inverse_scale_;
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
