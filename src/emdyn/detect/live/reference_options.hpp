#pragma once
#include <string_view>

#include "emdyn/detect/alarm/held_policy.hpp"
#include "emdyn/detect/live/live_series.hpp"

namespace emdyn::detect {

/// The policy of a detector with a reference. @throws ConfigError for options that need a policy that adapts.
HeldPolicy::Config held_policy(const DetectOptions& options);

/// Refuses a reference that is too short, or of which the detector cannot have warmed up, before work begins.
/// @throws ConfigError
void check_reference(const DetectOptions& options);

[[noreturn]] void refuse_short_reference(std::string_view detector, std::size_t samples);

}  // namespace emdyn::detect
