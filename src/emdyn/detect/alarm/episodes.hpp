#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/series/records.hpp"

namespace emdyn::detect {

/// One change, and every event that reports it.
struct Episode {
  std::size_t first = 0;              ///< The event that came first; of equal ones the surest.
  std::vector<std::size_t> others{};  ///< Later reports, by other detectors or of other signals.
  bool operator==(const Episode&) const = default;
};

/// Groups events that say the same thing: of the same run, and with reaches (from the earliest
/// onset to the alarm) that overlap, directly or through others. An event without an onset reaches
/// its position alone. Indices into `events`; episodes in order of their first event.
///
/// Cost: O(n log n).
std::vector<Episode> episodes(std::span<const series::Event> events);

}  // namespace emdyn::detect
