#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "emdyn/core/field.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab::dynamics {

/// The law of the natural frequencies, symmetric about 0.
enum class FrequencyLaw { lorentzian, normal };
inline constexpr std::array<std::string_view, 2> kFrequencyLawWords{"lorentzian", "normal"};

struct KuramotoConfig {
  std::int64_t oscillators = 1000;
  FrequencyLaw frequencies = FrequencyLaw::lorentzian;
  double spread = 0.5;
  double coupling_low = 0.4;
  double coupling_high = 2.0;
  double settle = 40.0;
  double observe = 40.0;
  double dt = 0.1;
  std::int64_t steps = 17;
  std::int64_t seed = 1;
};

inline constexpr std::array kKuramotoFields{
    Field<KuramotoConfig>{"oscillators", &KuramotoConfig::oscillators, 10, 1e6, "how many"},
    enum_field<&KuramotoConfig::frequencies, KuramotoConfig>(
        "frequencies", kFrequencyLawWords, "law of the natural frequencies, by its quantiles"),
    Field<KuramotoConfig>{"spread", &KuramotoConfig::spread, 1e-3, 100.0,
                          "half width at half height, or standard deviation"},
    Field<KuramotoConfig>{"coupling_low", &KuramotoConfig::coupling_low, 0.0, 1e3,
                          "coupling of the first step"},
    Field<KuramotoConfig>{"coupling_high", &KuramotoConfig::coupling_high, 0.0, 1e3,
                          "of the last step"},
    Field<KuramotoConfig>{"settle", &KuramotoConfig::settle, 0.0, 1e5,
                          "time at each coupling before it is observed"},
    Field<KuramotoConfig>{"observe", &KuramotoConfig::observe, 0.1, 1e5,
                          "time that is averaged over"},
    Field<KuramotoConfig>{"dt", &KuramotoConfig::dt, 1e-3, 1.0, "step of the integration"},
    Field<KuramotoConfig>{"steps", &KuramotoConfig::steps, 1, 1e6, "couplings, one a row"},
    Field<KuramotoConfig>{"seed", &KuramotoConfig::seed, 0, 9e15, "of the first phases"},
};

/// θ'ᵢ = ωᵢ + (K/N)·Σⱼ sin(θⱼ − θᵢ): oscillators that fall into step when the coupling K passes
/// K_c = 2/(π·g(0)), g the density of the frequencies (lorentzian: 2γ, and then r = √(1 − K_c/K)).
/// Every coupling starts anew from phases close together. Cost: O(oscillators) a time step.
/// Signals: coupling, order (mean of r = |Σe^(iθ)|/N), order_fluctuation (N·variance of r),
/// locked_share (|ωᵢ| <= K·r).
///
/// Truth: K_c, measured by extrapolating 1/K as a quadratic in r² to r = 0 over couplings with
/// 0.25 < r < 0.8 (self-consistency makes it analytic in r²).
/// Sources: Kuramoto (1975); Strogatz, "From Kuramoto to Crawford", Physica D 143 (2000).
std::unique_ptr<Experiment> make_kuramoto(const Params& params);

}  // namespace emdyn::model::lab::dynamics
