#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

/// What one call of an attack takes care of.
enum class Extent : std::uint8_t {
  one_radius,  ///< Rows within one radius: called for each of them, from the largest down.
  all_radii,   ///< As near as it can get: all radii at once.
  all_points,  ///< One change for all points together, at one radius.
};
std::string_view word(Extent extent) noexcept;

/// What is special about an attack.
struct AttackTraits {
  std::span<const Norm> norms;
  Extent extent = Extent::one_radius;
  bool gradient = true;      ///< Needs a differentiable model; else it only asks for logits.
  bool targeted = true;      ///< Can be sent towards a class.
  bool nearest = false;      ///< Goes as near as it can: needs no radius, its rows are refined.
  bool in_attack = false;    ///< `stress attack` runs it where none is named.
  bool in_evidence = false;  ///< The same for `stress all`.
  bool on_curves = false;    ///< Measures robustness curves: one by gradients, one without.
};

/// One attack of the registry.
struct AttackEntry : EntryFacts, AttackTraits {
  /// All settings with these applied. @throws ConfigError
  Json (*settings)(std::string_view name, const Params&) = nullptr;
  std::unique_ptr<AttackMethod> (*make)(std::string_view name, const Params&) = nullptr;
};

/// The only list of attacks.
const Registry<AttackEntry>& registry() noexcept;
std::span<const AttackEntry> attacks() noexcept;

/// Names of the attacks with a fact: names_of(&AttackEntry::in_attack).
std::vector<std::string> names_of(bool AttackEntry::*fact);

/// The attack that measures robustness curves of models with, or without, gradients.
const AttackEntry& curve_attack(bool gradients) noexcept;

/// @throws ConfigError with the nearest known name.
const AttackEntry& find_attack(std::string_view name);

/// What an entry says beside the facts of every entry: norms, gradient, targeted, extent.
std::vector<Fact> facts(const AttackEntry& entry);

}  // namespace emdyn::provoke::attack
