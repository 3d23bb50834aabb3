#include "emdyn/detect/level/cusum.hpp"

#include <cmath>

#include "emdyn/detect/level/tails.hpp"

namespace emdyn::detect {

Cusum::Cusum(const Config& config)
    : baseline_(checked(kName, kFields, config).baseline_samples, config.mean, config.sigma),
      slack_(config.slack_sigmas),
      inverse_threshold_(1.0 / config.threshold_sigmas) {}

Evidence Cusum::evidence() const noexcept {
  const bool rise = upper_.sum >= lower_.sum;
  const Side& side = rise ? upper_ : lower_;
  if (side.sum == 0.0) return {};
  const std::uint64_t ago = side.age - std::min<std::uint64_t>(side.age, 1);
  const double size = side.sum / static_cast<double>(std::max<std::uint64_t>(side.age, 1)) + slack_;
  const std::uint64_t half = onset_half_width(size);
  return {side.sum * inverse_threshold_, rise ? Direction::rise : Direction::fall, ago, ago + half,
          ago - std::min(ago, half)};
}

double Cusum::p_value() const noexcept {
  const double sum = std::max(upper_.sum, lower_.sum);
  if (sum <= 0.0) return 1.0;
  return std::min(1.0, 2.0 * std::exp(-2.0 * slack_ * (sum + 0.5826)));
}

}  // namespace emdyn::detect
