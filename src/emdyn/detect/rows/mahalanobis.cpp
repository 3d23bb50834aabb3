#include "emdyn/detect/rows/mahalanobis.hpp"

#include <algorithm>

#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr std::uint64_t kRowsBetweenFits = 32;

}  // namespace

Mahalanobis::Mahalanobis(const Config& config, std::size_t channels)
    : keep_(1.0 - 1.0 / checked(kName, kFields, config).memory_samples),
      inverse_limit_(1.0 / math::chi_squared_isf(config.alpha, static_cast<double>(channels))),
      enough_(std::min(std::max(30.0, 3.0 * static_cast<double>(channels)),
                       0.5 * config.memory_samples)),
      covariance_(channels),
      factor_(channels * channels, 0.0),
      centre_(channels, 0.0) {}

double Mahalanobis::statistic(std::span<const double> z) const noexcept {
  const std::size_t n = z.size();
  std::array<double, 256> solved{};
  double distance = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = z[i] - centre_[i];
    for (std::size_t k = 0; k < i; ++k) sum -= factor_[i * n + k] * solved[k];
    solved[i] = sum / factor_[i * n + i];
    distance += solved[i] * solved[i];
  }
  return distance * inverse_limit_;
}

void Mahalanobis::learn(std::span<const double> z) noexcept {
  covariance_.learn(z, keep_);
  if (++rows_ % kRowsBetweenFits == 0) settle();
}

void Mahalanobis::settle() noexcept {
  covariance_.shrunk(factor_);
  std::ranges::copy(covariance_.mean(), centre_.begin());
  factored_ = cholesky(factor_, centre_.size());
}

void Mahalanobis::reset() noexcept {
  covariance_.reset();
  std::ranges::fill(factor_, 0.0);
  std::ranges::fill(centre_, 0.0);
  rows_ = 0;
  factored_ = false;
}

}  // namespace emdyn::detect
