#pragma once
#include <array>
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/forecast/curves/ensemble.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::forecast {

/// Probabilities at which residuals are kept.
inline constexpr std::array<double, 17> kResidualLevels{.01, .025, .05, .1,  .15, .2,  .3,   .4, .5,
                                                        .6,  .7,   .8,  .85, .9,  .95, .975, .99};
using ResidualQuantiles = std::array<double, kResidualLevels.size()>;

/// What forecasts of one family of curves missed by, in units of CurveEnsemble::unit: quantiles for
/// each of kHorizons.
struct ResidualFamily {
  std::string name{};
  std::size_t forecasts = 0;
  std::array<ResidualQuantiles, kHorizons.size()> quantiles{};
};

/// The residual with standard normal score `z` at horizon h, linear in z between the levels.
double residual_at(const ResidualFamily& family, double h, double z) noexcept;

/// An event on a curve, as seen on the bank.
struct CurveEventRate {
  std::string name{};     ///< jump, stall, divergence, collapse
  ByHorizon rate{};       ///< Share of moments of the bank at which it came within the horizon.
  bool by_paths = false;  ///< The paths beat that rate on families left out; else it is used.
};

/// What is known of spikes of other runs: a Gamma prior of their rate.
struct SpikePrior {
  double shape = 0.5;       ///< > 0; in spikes.
  double records = 1000.0;  ///< > 0; in records: the prior mean is shape/records.
};

/// All that was learned on the bank of curves. A plain value.
struct CurveTable {
  MemberSkill skill = equal_skill();
  std::vector<ResidualFamily> families{};     ///< Of the ensemble.
  ResidualFamily pooled{};                    ///< Their mixture: see pool().
  std::vector<ResidualFamily> persistence{};  ///< Of persistence, in units of its own.
  std::vector<CurveEventRate> events{};
  SpikePrior spikes{};
  Json provenance = Json::object();

  /// Without the family: to judge on it what was learned on the others.
  CurveTable without(std::string_view family) const;
};

Json curve_table_json(const CurveTable& table);
/// @throws DataError when a member is missing or has the wrong size.
CurveTable curve_table_from_json(const Json& json);

/// The table that is part of the program, made by `emdyn bench curves --fit`. Parsed once, on first
/// use. @throws UnavailableError when this build has none.
const CurveTable& builtin_curve_table();

/// Residuals of one family at one horizon to quantiles, with the finite-sample levels of split
/// conformal prediction (Vovk et al., "Algorithmic Learning in a Random World", 2005): the k-th of n
/// stands for k/(n + 1). @pre not empty.
ResidualQuantiles residual_quantiles(std::vector<double> residuals);

/// The mixture of families, each with the same weight; all zero of none.
ResidualFamily pool(std::span<const ResidualFamily> families);

}  // namespace emdyn::forecast
