#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/provoke/attack/contract/method.hpp"

namespace emdyn::provoke::attack {

/// What one call of an attack takes care of.
enum class Extent : std::uint8_t {
  one_radius,  ///< Rows within one radius: called for each of them, from the largest down.
  all_radii,   ///< As near as it can get: all radii at once.
  all_points,  ///< One change for all points together, at one radius.
};

/// One attack of the registry.
struct AttackEntry {
  std::string_view name;
  std::string_view help;
  std::string_view paper;
  std::span<const Norm> norms;
  Extent extent = Extent::one_radius;
  bool gradient = true;        ///< Needs a differentiable model; else it only asks for logits.
  bool targeted = true;        ///< Can be sent towards a class.
  Json (*fields)() = nullptr;  ///< Names, types, ranges, defaults.
  /// All settings with these applied. @throws ConfigError
  Json (*settings)(std::string_view name, const Params&) = nullptr;
  std::unique_ptr<Method> (*make)(std::string_view name, const Params&) = nullptr;
};

/// The only list of attacks.
std::span<const AttackEntry> attacks() noexcept;

/// @throws ConfigError with the nearest known name.
const AttackEntry& find_attack(std::string_view name);

}  // namespace emdyn::provoke::attack
