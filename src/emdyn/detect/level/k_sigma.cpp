#include "emdyn/detect/level/k_sigma.hpp"

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {

KSigma::KSigma(const Config& config)
    : given_(checked(kName, kFields, config).warmup_samples == 0),
      warmup_(static_cast<double>(config.warmup_samples)),
      k_(config.k),
      inverse_k_(1.0 / config.k),
      inverse_sigma_(1.0 / config.sigma),
      mean_(given_ ? config.mean : 0.0) {
  if (config.warmup_samples == 1 || config.warmup_samples == 2) {
    throw ConfigError("k_sigma.warmup_samples must be 0 (given baseline) or at least 3");
  }
  if (!config.plug_in_correction) return;
  const double k2 = k_ * k_;
  first_ = k_ * (k2 + 1.0) / 4.0;
  second_ = k_ * (5.0 * k2 * k2 + 16.0 * k2 + 3.0) / 96.0;
  third_ = k_ * (3.0 * k2 * k2 * k2 + 19.0 * k2 * k2 + 17.0 * k2 - 15.0) / 384.0;
}

/// Pairwise moments: Chan, Golub, LeVeque, American Statistician 37 (1983).
void KSigma::merge(const KSigma& other) noexcept {
  rearm();
  if (other.count_ == 0.0) return;
  const double count = count_ + other.count_;
  const double delta = other.mean_ - mean_;
  mean_ += delta * other.count_ / count;
  squares_ += other.squares_ + delta * delta * count_ * other.count_ / count;
  count_ = count;
  inverse_freedom_ = 1.0 / (count - 1.0);
}

Evidence KSigma::evidence() const noexcept {
  if (t_ == 0.0) return {score_, Direction::none, 0, 0, 0};
  return {score_, t_ > 0 ? Direction::rise : Direction::fall, 0, 0, 0};
}

double KSigma::p_value() const noexcept {
  if (!ready()) return 1.0;
  if (given_) return math::two_sided_normal(t_);
  return math::two_sided_student_t(t_, std::max(count_ - 2.0, 1.0));
}

}  // namespace emdyn::detect
