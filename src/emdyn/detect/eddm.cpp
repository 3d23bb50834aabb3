#include "emdyn/detect/eddm.hpp"

#include <cmath>

namespace emdyn::detect {

Eddm::Eddm(const Config& config)
    : warning_(checked(kName, kFields, config).warning),
      drift_(config.drift),
      warmup_(static_cast<double>(config.warmup_errors)) {}

double Eddm::update(double error) noexcept {
  time_ += 1.0;
  if (error < 0.5) return score_;
  errors_ += 1.0;
  const double distance = time_ - last_error_;
  last_error_ = time_;
  const double delta = distance - mean_;
  mean_ += delta / errors_;
  squares_ += delta * (distance - mean_);
  if (!ready()) return 0.0;
  const double reach = mean_ + 2.0 * std::sqrt(squares_ / errors_);
  if (reach > best_) {
    best_ = reach;
    best_at_ = time_;
  }
  score_ = (1.0 - reach / best_) / (1.0 - drift_);
  return score_;
}

Evidence Eddm::evidence() const noexcept {
  if (score_ == 0.0) return {};
  const auto since = static_cast<std::uint64_t>(std::min(std::max(time_ - best_at_, 0.0), 1e15));
  return {score_, Direction::rise, since, since + since / 4 + 2, 0};
}

void Eddm::reset() noexcept {
  time_ = last_error_ = errors_ = mean_ = squares_ = best_ = best_at_ = score_ = 0.0;
}

}  // namespace emdyn::detect
