#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/information/discrete.hpp"
#include "emdyn/emergence/information/law.hpp"
#include "emdyn/emergence/information/signals.hpp"
#include "emdyn/series/interaction.hpp"

namespace emdyn::emergence::information {

/// Is a feature V of the whole more than its parts X^j? In nats.
struct EmergenceCriteria {
  /// I(V_t;V_(t+1)) − Σ_j I(X^j_t;V_(t+1)). Above 0 is sufficient for causal emergence *of a law*;
  /// of data see the null: parts that never touch reach it too.
  double psi = 0.0;
  /// max_j [I(V_t;X^j_(t+1)) − Σ_i I(X^i_t;X^j_(t+1))]: above 0, the whole acts on a part.
  double delta = 0.0;
  /// max_j I(V_t;X^j_(t+1)): 0 together with Ψ > 0, the whole lives apart from its parts.
  double gamma = 0.0;
  double stored = 0.0;  ///< I(V_t;V_(t+1)).
};

/// Of a known law: `before[j]` and `after[j]` are the variables of part j, `macro_*` those of V.
/// Source: Rosas, Mediano, Jensen, Seth, Barrett, Carhart-Harris & Bor, "Reconciling Emergences: An
/// Information-Theoretic Approach to Identify Causal Emergence in Multivariate Data", PLoS
/// Computational Biology 16 (2020).
EmergenceCriteria emergence_criteria(const EntropyOf& entropy, const std::vector<Parts>& before,
                                     const std::vector<Parts>& after, const Parts& macro_before,
                                     const Parts& macro_after);

/// The feature of the whole that is followed.
/// - mean: of the standardised signals.
/// - principal_component: their first; its direction is learned once, from the signals as given.
/// - parity: of signals that are 0 or 1 (or of the signs of others): odd or even.
enum class Macro { mean, principal_component, parity };
inline constexpr std::array<std::string_view, 3> kMacroWords{"mean", "principal_component",
                                                             "parity"};
enum class CriteriaEstimator { gaussian, discrete };
inline constexpr std::array<std::string_view, 2> kCriteriaEstimatorWords{"gaussian", "discrete"};

struct EmergenceOptions {
  Macro macro = Macro::mean;
  CriteriaEstimator estimator = CriteriaEstimator::gaussian;
  std::int64_t lag = 1;           ///< Samples of a step.
  std::int64_t surrogates = 199;  ///< Systems without interaction; 0: no null.
  std::int64_t blocks = 20;       ///< Of the jackknife; 0: no interval.
  double level = 0.9;             ///< Of the interval and of the null band.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "emergence_criteria";
};

inline constexpr std::array kEmergenceFields{
    enum_field<&EmergenceOptions::macro, EmergenceOptions>("macro", kMacroWords,
                                                           "the feature of the whole"),
    enum_field<&EmergenceOptions::estimator, EmergenceOptions>("estimator", kCriteriaEstimatorWords,
                                                               "gaussian, or discrete for symbols"),
    Field<EmergenceOptions>{"lag", &EmergenceOptions::lag, 1, 10000, "samples of a step"},
    Field<EmergenceOptions>{"surrogates", &EmergenceOptions::surrogates, 0, 100000,
                            "systems without interaction, 0: no null"},
    Field<EmergenceOptions>{"blocks", &EmergenceOptions::blocks, 0, 1000,
                            "blocks left out one by one for the interval, 0: none"},
    Field<EmergenceOptions>{"level", &EmergenceOptions::level, 0.5, 0.999,
                            "of the interval and the null band"},
    Field<EmergenceOptions>{"seed", &EmergenceOptions::seed, 0, 9e15, "of the surrogates"},
};

/// One criterion with what chance alone would give it.
struct Criterion {
  series::Interval value{};
  double null_low = 0.0, null_high = 0.0;  ///< Band of the level; NaN without surrogates.
  double p_value = 1.0;  ///< Share of systems without interaction that reach the value; 1 without.
};

struct EmergenceFound {
  Criterion psi{}, delta{}, gamma{};
  std::size_t steps = 0;
  /// Ψ > 0 or Δ > 0, and more than 1 − level of what independent parts reach.
  bool emergent = false;
};

/// A function of the signals to one macro column (or several): applied to surrogates too, so it
/// must not have learned from the order in time.
using MacroOf = std::function<Signals(const Signals&)>;

/// Ψ, Δ and Γ of signals, **against a null without interaction**: every part keeps its own course,
/// turned by a random time of its own, so that parts share nothing, and V is formed anew. Two parts
/// that only copy themselves have Ψ = 1 bit of a law, and here p near 1: not called emergent.
/// The p-values compare with independent parts; a common driver acts as an interaction does.
/// @throws DataError for fewer than two signals or rows that cannot be used (discrete: parity of
/// values other than 0 and 1 is of their signs), ConfigError for options out of range.
EmergenceFound find_emergence(const SignalsView& signals, const EmergenceOptions& options = {});
EmergenceFound find_emergence(const SignalsView& signals, const MacroOf& macro,
                              const EmergenceOptions& options = {});

/// The macro function that the options name, learned from these signals.
MacroOf macro_of(const SignalsView& signals, Macro macro);

/// One record a criterion.
std::vector<series::Interaction> records(const std::vector<std::string>& parts,
                                         const EmergenceFound& found,
                                         const EmergenceOptions& options);

}  // namespace emdyn::emergence::information
