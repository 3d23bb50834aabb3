#include "emdyn/detect/level/robust_z.hpp"

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::detect {
namespace {

constexpr double kMeanDeviationToSigma = 1.2533141373155003;  // sqrt(pi / 2)

}  // namespace

RobustZ::RobustZ(const Config& config)
    : warmup_(static_cast<std::size_t>(checked(kName, kFields, config).warmup_samples)),
      inverse_threshold_(1.0 / config.threshold),
      window_(static_cast<std::size_t>(config.window_samples)) {
  if (config.warmup_samples > config.window_samples) {
    throw ConfigError("robust_z.warmup_samples must not exceed robust_z.window_samples");
  }
}

double RobustZ::deviation(double centre) const noexcept {
  double sigma = math::kMadToSigma * window_.mad(centre);
  if (sigma < smallest_sigma(centre)) {
    double sum = 0.0;
    for (const double sample : window_.sorted()) sum += std::abs(sample - centre);
    sigma = kMeanDeviationToSigma * sum / static_cast<double>(window_.size());
  }
  return std::max(sigma, smallest_sigma(centre));
}

double RobustZ::update(double sample) noexcept {
  sample = bounded_sample(sample);
  if (window_.size() >= warmup_) {
    const double centre = window_.median();
    z_ = std::min(std::max((sample - centre) / deviation(centre), -1e6), 1e6);
  }
  window_.push(sample);
  return std::abs(z_) * inverse_threshold_;
}

Evidence RobustZ::evidence() const noexcept {
  const double score = std::abs(z_) * inverse_threshold_;
  if (z_ == 0.0) return {.score = score};
  return {score, z_ > 0.0 ? Direction::rise : Direction::fall, 0, 0, 0};
}

}  // namespace emdyn::detect
