#pragma once
#include <cstddef>
#include <optional>
#include <span>

#include "emdyn/core/json.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::emergence::mirage {

/// A graded metric beside the surprise of one token at the same positions.
struct CompositionData {
  std::span<const double> surprise{};  ///< −ln p of one token, >= 0.
  std::span<const double> graded{};    ///< Share right, in [0, 1].
  double items = 0.0;                  ///< Test items behind each share; 0 when unknown.
  double chance = 0.0;                 ///< Share right by guessing, in [0, 1).
};

/// graded = chance + (1 − chance)·p^L, with L the number of tokens that must all be right.
struct Composition {
  series::Interval tokens{};  ///< L by maximum likelihood, 90 % by profile likelihood.
  bool tokens_known = false;  ///< L was given; `tokens` is still the fitted one.
  double tokens_used = 1.0;   ///< The given L, else the fitted one.
  double explained =
      0.0;  ///< 1 − deviance/deviance of a constant, with tokens_used; below 0 when worse.
  std::optional<double> p_value{};  ///< Of the deviance; needs the number of items.
  std::optional<double>
      known_p_value{};  ///< Of the given L against the fitted one (likelihood ratio).
  std::size_t points = 0;
};

/// Fits L by maximising the binomial likelihood (quasi-binomial, its dispersion estimated, when the
/// number of items is unknown). Source of the model: Schaeffer, Miranda & Koyejo, NeurIPS 2023,
/// section 2.
/// @param known_tokens L when it is known, > 0.
/// @return nothing with fewer than three points or when graded or surprise is constant.
/// @throws DataError for sizes that differ, ConfigError for chance outside [0, 1) or L <= 0.
std::optional<Composition> fit_composition(const CompositionData& data,
                                           std::optional<double> known_tokens = std::nullopt);

/// Share right that the composition expects for a surprise.
double composed(double surprise, double tokens, double chance) noexcept;

void to_json(Json& json, const Composition& composition);

}  // namespace emdyn::emergence::mirage
