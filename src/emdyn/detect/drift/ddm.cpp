#include "emdyn/detect/drift/ddm.hpp"

namespace emdyn::detect {

Ddm::Ddm(const Config& config)
    : warmup_(static_cast<double>(checked(kName, kFields, config).warmup_samples)),
      warning_(config.warning_sigmas),
      drift_(config.drift_sigmas) {}

Evidence Ddm::evidence() const noexcept {
  if (score_ == 0.0) return {};
  // The rate was best just before it began to rise; the rise itself began somewhere since then.
  const auto since = static_cast<std::uint64_t>(std::min(std::max(count_ - best_at_, 0.0), 1e15));
  const std::uint64_t ago = since - std::min<std::uint64_t>(since, 1);
  return {score_, Direction::rise, ago, ago + ago / 4 + 2, 0};
}

}  // namespace emdyn::detect
