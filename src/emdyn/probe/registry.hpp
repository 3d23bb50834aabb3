#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "emdyn/core/json.hpp"

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

/// One kind of measurement of a network's insides.
struct ProbeEntry {
  std::string_view name;
  std::string_view family;
  std::string_view summary;
  std::string_view source;  ///< Authors, title, year.
  std::string_view cost;    ///< In operations, with the sizes named.
  std::string_view gives;   ///< The values, as the record names them.
  std::string_view error;   ///< Where the standard error comes from.
  std::span<const ProbeNeed> needs;
  ProbeSchedule schedule;
  Json (*fields)();  ///< Settings: names, types, ranges, defaults and help.
};

/// Every probe of this library, by family.
std::span<const ProbeEntry> entries() noexcept;

/// @throws ConfigError for an unknown name, offering the nearest known one.
const ProbeEntry& find_entry(std::string_view name);

/// All facts of an entry; names equal members.
void to_json(Json& json, const ProbeEntry& entry);

}  // namespace emdyn::probe
