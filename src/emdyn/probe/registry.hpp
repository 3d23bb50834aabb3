#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"

namespace emdyn::probe {

/// What a probe must be handed.
enum class ProbeNeed : std::uint8_t {
  weights,
  activations,
  labels,
  gradients,
  attention,
  optimizer_state,
  earlier_checkpoint,
};
std::string_view word(ProbeNeed need) noexcept;

/// How often a probe is worth its cost while a model trains.
enum class ProbeSchedule : std::uint8_t {
  every_row,   ///< Cheap beside a training step.
  sparse,      ///< Every tenth row or rarer, within the overhead budget.
  checkpoint,  ///< At checkpoints, or when asked.
};
std::string_view word(ProbeSchedule schedule) noexcept;

/// One kind of measurement of a network's insides; its paper names authors, title and year.
struct ProbeEntry : EntryFacts {
  std::string_view family;
  std::string_view gives;  ///< The values, as the record names them.
  std::string_view error;  ///< Where the standard error comes from.
  std::span<const ProbeNeed> needs;
  ProbeSchedule schedule;
};

/// Every probe of this library, by family.
const Registry<ProbeEntry>& probes() noexcept;
std::vector<Fact> facts(const ProbeEntry& entry);

/// As `emdyn probe --list --json` has it.
void to_json(Json& json, const ProbeEntry& entry);

}  // namespace emdyn::probe
