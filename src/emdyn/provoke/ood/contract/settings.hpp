#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/field.hpp"

/// Settings that several scores have: name and range of each stand here once.
namespace emdyn::provoke::ood {

/// Of a score that has nothing to set.
struct NoConfig {};
inline constexpr std::array<Field<NoConfig>, 0> kNoFields{};

template <class Config>
constexpr Field<Config> percentile_field(std::string_view of_what) {
  return {"percentile", &Config::percentile, 0.0, 100.0, of_what};
}
template <class Config>
constexpr Field<Config> temperature_field(std::string_view help) {
  return {"temperature", &Config::temperature, 1e-3, 1e6, help};
}
template <class Config>
constexpr Field<Config> neighbours_field(std::string_view help) {
  return {"neighbours", &Config::neighbours, 1, 1e6, help};
}
/// Of the draw of training samples that are kept.
template <class Config>
constexpr Field<Config> seed_field() {
  return {"seed", &Config::seed, 0, 9e15, "of the draw"};
}

}  // namespace emdyn::provoke::ood
