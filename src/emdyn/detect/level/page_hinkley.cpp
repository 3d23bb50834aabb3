#include "emdyn/detect/level/page_hinkley.hpp"

namespace emdyn::detect {

PageHinkley::PageHinkley(const Config& config)
    : delta_(checked(kName, kFields, config).delta),
      alpha_(config.alpha),
      warmup_(static_cast<double>(config.warmup_samples)),
      rise_weight_(config.side == Side::fall ? 0.0 : 1.0 / config.threshold),
      fall_weight_(config.side == Side::rise ? 0.0 : 1.0 / config.threshold) {}

Evidence PageHinkley::evidence() const noexcept {
  const double up = rise_.sum * rise_weight_;
  const double down = fall_.sum * fall_weight_;
  const Sum& side = up >= down ? rise_ : fall_;
  if (std::max(up, down) == 0.0) return {.score = score()};
  const std::uint64_t ago = side.age - std::min<std::uint64_t>(side.age, 1);
  // The unit of the noise is not known here; a quarter of the age either way is a cautious guess.
  const std::uint64_t half = side.age / 4 + 2;
  return {score(), up >= down ? Direction::rise : Direction::fall, ago, ago + half,
          ago - std::min(ago, half)};
}

}  // namespace emdyn::detect
