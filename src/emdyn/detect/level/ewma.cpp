#include "emdyn/detect/level/ewma.hpp"

#include "emdyn/detect/level/tails.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {

Ewma::Ewma(const Config& config)
    : baseline_(checked(kName, kFields, config).baseline_samples, config.mean, config.sigma),
      lambda_(config.lambda),
      forget_((1.0 - config.lambda) * (1.0 - config.lambda)),
      inverse_limit_(1.0 /
                     (config.limit_sigmas * std::sqrt(config.lambda / (2.0 - config.lambda)))),
      limit_(config.limit_sigmas) {}

Evidence Ewma::evidence() const noexcept {
  if (side_age_ == 0 || average_ == 0.0) return {.score = score()};
  const std::uint64_t ago = side_age_ - 1;
  const std::uint64_t half = onset_half_width(average_);
  return {score(), average_ > 0.0 ? Direction::rise : Direction::fall, ago, ago + half,
          ago - std::min(ago, half)};
}

double Ewma::p_value() const noexcept { return math::two_sided_normal(score() * limit_); }

}  // namespace emdyn::detect
