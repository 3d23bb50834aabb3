#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "emdyn/core/field.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab::dynamics {

/// Which equilibrium loses its stability when the control parameter c falls through 0. Each is the
/// normal form of its bifurcation (Strogatz, "Nonlinear Dynamics and Chaos", 1994) with noise:
/// - fold: dx = (c − x²)dt + σdW about √c; beyond 0 there is no equilibrium and x falls to a floor
///   at −1.5, where it is reflected. Rate of recovery 2√c.
/// - hopf: dz = ((−c + iω)z − |z|²z)dt + σ(dW₁ + i·dW₂); beyond 0 a cycle of radius √−c. Rate c.
/// - transcritical: dx = (cx − x²)dt + σdW with x >= 0 (reflected) about c; beyond 0 x stays at 0.
///   Rate c.
enum class Bifurcation { fold, hopf, transcritical };
inline constexpr std::array<std::string_view, 3> kBifurcationWords{"fold", "hopf", "transcritical"};

struct BifurcationConfig {
  double start = 1.0;
  double end = -0.1;
  double noise = 0.05;
  double frequency = 1.0;
  double dt = 1.0;
  std::int64_t substeps = 20;
  std::int64_t steps = 2000;
  std::int64_t seed = 1;
};

inline constexpr std::array kBifurcationFields{
    Field<BifurcationConfig>{"start", &BifurcationConfig::start, 1e-4, 4.0,
                             "control parameter of the first step, above the bifurcation at 0"},
    Field<BifurcationConfig>{"end", &BifurcationConfig::end, -1.0, 4.0,
                             "of the last step; it moves linearly"},
    Field<BifurcationConfig>{"noise", &BifurcationConfig::noise, 0.0, 1.0,
                             "deviation of the driving noise over unit time"},
    Field<BifurcationConfig>{"frequency", &BifurcationConfig::frequency, 0.0, 100.0,
                             "of hopf, radians per unit time"},
    Field<BifurcationConfig>{"dt", &BifurcationConfig::dt, 1e-3, 10.0,
                             "time from one step to the next"},
    Field<BifurcationConfig>{"substeps", &BifurcationConfig::substeps, 1, 10000,
                             "of the integration, a step"},
    Field<BifurcationConfig>{"steps", &BifurcationConfig::steps, 1, 1e9, "rows"},
    Field<BifurcationConfig>{"seed", &BifurcationConfig::seed, 0, 9e15, "of the noise"},
};

/// A system whose control parameter goes from `start` to `end` in equal steps, by the stochastic
/// Heun scheme. Signals: state, quadrature (hopf: the imaginary part), radius (hopf), control.
///
/// Truth: the bifurcation is at c = 0 (`data.bifurcation_step`, null where the run does not reach
/// it). With `end` = `start` and little noise the linearised system is known: lag-1 autocorrelation
/// e^(−λdt) (hopf: times cos ωdt) and variance σ²/2λ with λ the rate above; both are in
/// ExperimentResult::truth.
/// @throws ConfigError for settings out of range.
std::unique_ptr<Experiment> make_bifurcation(Bifurcation kind, const Params& params);

/// The control for early warnings: the same kinds of noise, and nothing that changes.
struct NullConfig {
  double rate = 0.5;
  double noise = 0.05;
  double growth = 1.0;
  double dt = 1.0;
  std::int64_t steps = 2000;
  std::int64_t seed = 1;
};

inline constexpr std::array kNullFields{
    Field<NullConfig>{"rate", &NullConfig::rate, 1e-4, 100.0, "of recovery, per unit time"},
    Field<NullConfig>{"noise", &NullConfig::noise, 0.0, 1.0,
                      "deviation of the driving noise over unit time, at the first step"},
    Field<NullConfig>{
        "growth", &NullConfig::growth, 0.01, 100.0,
        "of the noise from first to last step; not 1 makes the variance a false alarm"},
    Field<NullConfig>{"dt", &NullConfig::dt, 1e-3, 10.0, "time from one step to the next"},
    Field<NullConfig>{"steps", &NullConfig::steps, 1, 1e9, "rows"},
    Field<NullConfig>{"seed", &NullConfig::seed, 0, 9e15, "of the noise"},
};

/// dx = −rate·x·dt + σdW, sampled exactly. Signals: state, control (the rate, constant). Truth: no
/// transition; lag-1 autocorrelation e^(−rate·dt), variance σ²/(2·rate) where the noise does not
/// grow.
std::unique_ptr<Experiment> make_null(const Params& params);

}  // namespace emdyn::model::lab::dynamics
