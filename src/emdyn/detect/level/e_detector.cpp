#include "emdyn/detect/level/e_detector.hpp"

namespace emdyn::detect {

template <class Form>
EDetector<Form>::EDetector(const Config& config)
    : wanted_(static_cast<std::uint64_t>(checked(kName, kFields, config).baseline_samples)),
      given_(config.mean),
      margin_(config.margin),
      bet_(config.bet) {
  const double share = config.side == Side::both ? 0.5 : 1.0;
  rise_weight_ = config.side == Side::fall ? 0.0 : config.alpha * share;
  fall_weight_ = config.side == Side::rise ? 0.0 : config.alpha * share;
  reset();
}

template <class Form>
void EDetector<Form>::learn(double sample) noexcept {
  ++seen_;
  const double count = static_cast<double>(seen_);
  const double delta = sample - mean_;
  mean_ += delta / count;
  squares_ += delta * (sample - mean_);
  if (ready()) finish();
}

template <class Form>
void EDetector<Form>::finish() noexcept {
  const double count = static_cast<double>(seen_);
  // One sample's worth of doubt keeps a constant from having no error at all.
  const double error = margin_ * std::sqrt((squares_ + 0.25) / (count * count));
  lowest_ = std::max(mean_ - error, -1.0);
  highest_ = std::min(mean_ + error, 2.0);
}

/// Pairwise moments, as Baseline::merge.
template <class Form>
void EDetector<Form>::merge(const EDetector& other) noexcept {
  if (other.seen_ == 0) return;
  const double here = static_cast<double>(seen_);
  const double there = static_cast<double>(other.seen_);
  const double delta = other.mean_ - mean_;
  mean_ += delta * there / (here + there);
  squares_ += other.squares_ + delta * delta * here * there / (here + there);
  seen_ = std::min(seen_ + other.seen_, wanted_);
  if (ready()) finish();
}

template <class Form>
Evidence EDetector<Form>::evidence() const noexcept {
  if (score() == 0.0) return {};
  const bool rising = rise_ * rise_weight_ >= fall_ * fall_weight_;
  const std::uint64_t age = rising ? rise_age_ : fall_age_;
  const std::uint64_t ago = age - std::min<std::uint64_t>(age, 1);
  return {score(), rising ? Direction::rise : Direction::fall, ago, ago + ago / 4 + 2,
          ago - ago / 2};
}

template <class Form>
void EDetector<Form>::reset() noexcept {
  rearm();
  seen_ = 0;
  mean_ = squares_ = 0.0;
  lowest_ = wanted_ == 0 ? given_ : 0.0;
  highest_ = wanted_ == 0 ? given_ : 1.0;
}

template class EDetector<ShiryaevRoberts>;
template class EDetector<CusumEvidence>;

}  // namespace emdyn::detect
