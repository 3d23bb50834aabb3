#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "emdyn/core/field.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab::dynamics {

struct IsingConfig {
  std::int64_t size = 32;
  double temperature_low = 2.0;
  double temperature_high = 2.6;
  std::int64_t clusters = 1500;
  std::int64_t chains = 8;
  std::int64_t steps = 13;
  std::int64_t seed = 1;
};

inline constexpr std::array kIsingFields{
    Field<IsingConfig>{"size", &IsingConfig::size, 8, 1024,
                       "spins along one side, even; half of it is simulated beside it"},
    Field<IsingConfig>{"temperature_low", &IsingConfig::temperature_low, 0.1, 100.0,
                       "of the first step, in units of the coupling"},
    Field<IsingConfig>{"temperature_high", &IsingConfig::temperature_high, 0.1, 100.0,
                       "of the last step"},
    Field<IsingConfig>{"clusters", &IsingConfig::clusters, 10, 1e9,
                       "flips that each chain averages over; half as many before, to settle"},
    Field<IsingConfig>{"chains", &IsingConfig::chains, 2, 1000, "independent systems, for errors"},
    Field<IsingConfig>{"steps", &IsingConfig::steps, 1, 1e6, "temperatures, one a row"},
    Field<IsingConfig>{"seed", &IsingConfig::seed, 0, 9e15, "of the flips"},
};

/// Spins ±1 on a square lattice with periodic sides, each liking its four neighbours' sign, by
/// Wolff's clusters (which do not slow down at the transition as single flips do). Chains carry on
/// from one temperature to the next, the lowest first. Cost: O(cluster) a flip.
/// Signals: temperature, magnetisation (mean |m|), energy (a spin), susceptibility
/// (spins·(⟨m²⟩ − ⟨|m|⟩²)/T), heat_capacity (a spin), binder and binder_half (1 − ⟨m⁴⟩/3⟨m²⟩² of
/// the lattice and of the one of half the size).
///
/// Truth: T_c = 2/ln(1 + √2) (Onsager 1944), measured where the Binder cumulants of the two sizes
/// cross (Binder 1981).
/// Source of the algorithm: Wolff, "Collective Monte Carlo Updating for Spin Systems", Physical
/// Review Letters 62 (1989).
std::unique_ptr<Experiment> make_ising(const Params& params);

}  // namespace emdyn::model::lab::dynamics
