#include "emdyn/detect/drift/eddm.hpp"

namespace emdyn::detect {

Eddm::Eddm(const Config& config)
    : warning_(checked(kName, kFields, config).warning),
      drift_(config.drift),
      warmup_(static_cast<double>(config.warmup_errors)) {}

Evidence Eddm::evidence() const noexcept {
  if (score_ == 0.0) return {};
  const auto since = static_cast<std::uint64_t>(std::min(std::max(time_ - best_at_, 0.0), 1e15));
  return {score_, Direction::rise, since, since + since / 4 + 2, 0};
}

void Eddm::reset() noexcept {
  time_ = last_error_ = errors_ = mean_ = squares_ = best_ = best_at_ = score_ = 0.0;
}

}  // namespace emdyn::detect
