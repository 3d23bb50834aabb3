#include "emdyn/detect/rows/incremental_pca.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr std::uint64_t kRefresh = 32;

}  // namespace

IncrementalPca::IncrementalPca(const Config& config, std::size_t channels)
    : energy_(checked(kName, kFields, config).energy),
      alpha_(config.alpha),
      keep_(1.0 - 1.0 / config.memory_samples),
      enough_(std::min(std::max(30.0, 3.0 * static_cast<double>(channels)),
                       0.5 * config.memory_samples)),
      covariance_(channels),
      work_(channels * channels, 0.0),
      values_(channels, 0.0),
      vectors_(channels * channels, 0.0),
      centre_(channels, 0.0) {}

void IncrementalPca::fit() noexcept {
  const std::size_t n = centre_.size();
  covariance_.shrunk(work_);
  std::ranges::copy(covariance_.mean(), centre_.begin());
  symmetric_eigen(work_, values_, vectors_);
  std::ranges::fill(work_, 0.0);
  double total = 0.0;
  for (double& value : values_) {
    value = std::max(value, 1e-15);
    total += value;
  }
  double held = 0.0;
  components_ = 0;
  while (components_ < n && held < energy_ * total) held += values_[components_++];
  double first = 0.0;
  double second = 0.0;
  for (std::size_t i = components_; i < n; ++i) {
    first += values_[i];
    second += values_[i] * values_[i];
  }
  t2_limit_ = math::chi_squared_isf(0.5 * alpha_, static_cast<double>(components_));
  q_limit_ = first > 0.0
                 ? second / first * math::chi_squared_isf(0.5 * alpha_, first * first / second)
                 : 0.0;
  fitted_ = true;
}

double IncrementalPca::statistic(std::span<const double> z) const noexcept {
  const std::size_t n = z.size();
  double squares = 0.0;
  for (std::size_t i = 0; i < n; ++i) squares += (z[i] - centre_[i]) * (z[i] - centre_[i]);
  double t2 = 0.0;
  double inside = 0.0;
  for (std::size_t c = 0; c < components_; ++c) {
    double along = 0.0;
    for (std::size_t i = 0; i < n; ++i) along += vectors_[c * n + i] * (z[i] - centre_[i]);
    inside += along * along;
    t2 += along * along / values_[c];
  }
  const double q = q_limit_ > 0.0 ? std::max(0.0, squares - inside) / q_limit_ : 0.0;
  return std::max(t2 / t2_limit_, q);
}

void IncrementalPca::learn(std::span<const double> z) noexcept {
  covariance_.learn(z, keep_);
  if (++rows_ % kRefresh == 0) fit();
}

void IncrementalPca::reset() noexcept {
  covariance_.reset();
  for (auto* each : {&work_, &values_, &vectors_, &centre_}) std::ranges::fill(*each, 0.0);
  components_ = rows_ = 0;
  t2_limit_ = 1.0;
  q_limit_ = 0.0;
  fitted_ = false;
}

}  // namespace emdyn::detect
