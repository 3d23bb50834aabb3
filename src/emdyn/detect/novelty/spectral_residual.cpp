#include "emdyn/detect/novelty/spectral_residual.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::detect {
namespace {

constexpr double kSmallestAmplitude = 1e-12;

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

void check_shape(const SpectralResidual::Config& config) {
  constexpr auto kName = SpectralResidual::kName;
  if (!std::has_single_bit(size(config.window_samples))) {
    throw ConfigError(fmt::format("{}.window_samples must be a power of two, got {}", kName,
                                  config.window_samples));
  }
  if (config.average_bins % 2 == 0 || config.average_bins >= config.window_samples) {
    throw ConfigError(fmt::format("{}.average_bins must be odd and below window_samples, got {}",
                                  kName, config.average_bins));
  }
  const auto needed =
      config.estimated_points + std::max(config.mean_samples, config.slope_samples + 1) + 1;
  if (config.window_samples < needed) {
    throw ConfigError(
        fmt::format("{}.window_samples must be >= {} to hold mean_samples, slope_samples and "
                    "estimated_points, got {}",
                    kName, needed, config.window_samples));
  }
}

}  // namespace

SpectralResidual::SpectralResidual(const Config& config)
    : window_(size(checked(kName, kFields, config).window_samples)),
      average_(size(config.average_bins)),
      mean_(size(config.mean_samples)),
      slope_(size(config.slope_samples)),
      real_(size(config.window_samples - config.estimated_points)),
      inverse_threshold_(1.0 / config.threshold),
      anchor_(config.estimate_from_newest ? 0 : 1),
      remove_mean_(config.remove_mean),
      transform_((check_shape(config), window_)),
      work_(window_),
      log_(window_),
      ring_(real_) {}

void SpectralResidual::reset() noexcept {
  std::fill(ring_.begin(), ring_.end(), 0.0);
  count_ = 0;
  score_ = 0.0;
  rising_ = false;
}

/// The window with its estimated points, less its mean where wanted, in units of its largest value.
/// False where there is nothing but rounding.
bool SpectralResidual::lay_out() noexcept {
  const auto sample = [this](std::size_t ago) { return ring_[(count_ - 1 - ago) % real_]; };
  const double anchor = sample(anchor_);
  const auto m = static_cast<double>(slope_);
  double slope = 0.0;
  for (std::size_t i = 1; i <= slope_; ++i) {
    slope += (anchor - sample(anchor_ + i)) / static_cast<double>(i) / m;
  }
  const double estimated = sample(anchor_ + slope_ - 1) + slope * m;
  double mean = 0.0;
  double level = 0.0;
  double spread = 0.0;
  for (std::size_t t = 0; t < window_; ++t) {
    const double value = t < real_ ? sample(real_ - 1 - t) : estimated;
    work_[t] = value;
    mean += value / static_cast<double>(window_);
    level = std::max(level, std::abs(value));
  }
  for (const auto& value : work_) spread = std::max(spread, std::abs(value.real() - mean));
  rising_ = sample(0) > mean;
  if (spread <= 10.0 * smallest_sigma(level)) return false;
  const double off = remove_mean_ ? mean : 0.0;
  const double unit = remove_mean_ ? spread : level;
  for (auto& value : work_) value = (value.real() - off) / unit;
  return true;
}

/// From the spectrum to that of the saliency, in place.
void SpectralResidual::take_residual() noexcept {
  for (std::size_t k = 0; k < window_; ++k) {
    log_[k] = std::log(std::max(std::abs(work_[k]), kSmallestAmplitude));
  }
  if (remove_mean_) log_[0] = 0.5 * (log_[1] + log_[window_ - 1]);
  const std::size_t half = average_ / 2;
  for (std::size_t k = 0; k < window_; ++k) {
    double sum = 0.0;
    for (std::size_t j = 0; j < average_; ++j) sum += log_[(k + window_ + j - half) % window_];
    const double residual = log_[k] - sum / static_cast<double>(average_);
    const double amplitude = std::abs(work_[k]);
    work_[k] = amplitude > 0.0 ? work_[k] / amplitude * std::exp(residual) : std::exp(residual);
  }
  if (remove_mean_) work_[0] = 0.0;
}

double SpectralResidual::update(double sample) noexcept {
  ring_[count_ % real_] = bounded_sample(sample);
  ++count_;
  score_ = 0.0;
  if (!ready() || !lay_out()) return score_;
  transform_.forward(work_);
  take_residual();
  transform_.inverse(work_);
  double mean = 0.0;
  for (std::size_t i = 1; i <= mean_; ++i) {
    mean += saliency(real_ - 1 - i) / static_cast<double>(mean_);
  }
  if (!(mean > 0.0)) return score_;
  const double excess = (saliency(real_ - 1) - mean) / mean;
  score_ = bounded_score(std::max(excess, 0.0) * inverse_threshold_);
  return score_;
}

Evidence SpectralResidual::evidence() const noexcept {
  if (score_ == 0.0) return {};
  return {score_, rising_ ? Direction::rise : Direction::fall, 0, 0, 0};
}

}  // namespace emdyn::detect
