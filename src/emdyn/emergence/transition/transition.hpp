#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/emergence/transition/curve.hpp"
#include "emdyn/emergence/transition/value_range.hpp"
#include "emdyn/series/records.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::emergence {

/// When a change counts as a transition, and how its onset is told.
struct TransitionOptions {
  double alpha = 0.05;            ///< Largest p-value of a transition.
  double min_bic_gain = 10.0;     ///< Least BIC gain of a transition; above 10 is very strong.
  double min_size = 0.0;          ///< Least change that counts, in units of the order parameter.
  double level = 0.9;             ///< Of the onset's interval.
  std::int64_t replicates = 199;  ///< Of the null model, for the p-value.
  std::int64_t interval_replicates = 200;  ///< Of the fitted model, for the onset's interval.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "transition";
};

inline constexpr std::array kTransitionFields{
    Field<TransitionOptions>{"alpha", &TransitionOptions::alpha, 1e-4, 0.5,
                             "largest p-value of a transition"},
    Field<TransitionOptions>{"min_bic_gain", &TransitionOptions::min_bic_gain, 0.0, 1e6,
                             "least BIC gain over the best smooth model"},
    Field<TransitionOptions>{"min_size", &TransitionOptions::min_size, 0.0, 1e300,
                             "least change that counts, in the signal's unit"},
    Field<TransitionOptions>{"level", &TransitionOptions::level, 0.5, 0.999,
                             "probability of the onset's interval"},
    Field<TransitionOptions>{"replicates", &TransitionOptions::replicates, 19, 100000,
                             "bootstrap series for the p-value"},
    Field<TransitionOptions>{"interval_replicates", &TransitionOptions::interval_replicates, 19,
                             100000, "bootstrap series for the onset's interval"},
    Field<TransitionOptions>{"seed", &TransitionOptions::seed, 0, 9e15, "of the bootstrap"},
};

/// One model of the comparison.
struct ModelEvidence {
  series::TransitionModel model = series::TransitionModel::constant;
  double bic = 0.0;    ///< Above the best of all models compared: the least is 0.
  int parameters = 1;  ///< Of the mean curve.
  double phi = 0.0;    ///< Autocorrelation of its noise from one (binned) sample to the next.
};

/// A transition with what a report needs to show it.
struct TransitionFit {
  series::Transition transition{};
  Curve curve{};                        ///< Of transition.model, over all positions.
  std::vector<ModelEvidence> models{};  ///< Every model compared, the best first.
  std::size_t points = 0;               ///< Finite points used.
  std::size_t dropped = 0;              ///< Non-finite points left out.
  double noise_sd = 0.0;                ///< Of the points about the curve.
  double noise_phi = 0.0;               ///< Their autocorrelation from sample to sample.
  bool heavy_tails = false;             ///< Judged under Student-t noise.
  ValueRange range{};                   ///< What the order parameter can be.
  std::string note{};                   ///< Why there is nothing to compare, else empty.
};

/// Fits an order parameter along a control parameter and decides whether it went through a
/// transition: six models (constant; slow curve; sigmoid in position or its logarithm; jump; kink;
/// rise and collapse) by maximum likelihood with AR(1) noise, normal or, where innovations are
/// heavy-tailed, Student's t; BIC on series binned to at most 160 points; p-value by a sieve
/// bootstrap in blocks under the best model without transition. Fits of bounded quantities stay
/// within their range (value_range). The onset's interval is averaged over the chosen shape, by a
/// wild bootstrap in blocks, and a monotone curve without a shape. docs/emergence.md derives it.
///
/// - before, after: medians of the data on either side; a bend has slopes instead.
/// - evidence.bic_gain: BIC of the best model without a transition (constant, power_law) less that
///   of the best model with one; negative when none is needed. Also given when nothing is declared.
/// - evidence.p_value: null_p_value(); a rough one where the gain is too small to declare anything.
/// - Declared (kind other than none) when bic_gain, p_value and size all pass the options and the
///   data on either side differ in the direction of the fitted change.
/// - Five to eleven finite points: fit_short_series(). Fewer, or all equal: kind none, model
///   constant, no evidence, a note.
///
/// Time is about 0.1 s and independent of the length beyond one pass; deterministic, whatever the
/// number of threads.
/// @param positions finite and not decreasing, as many as `values`; equal ones are averaged.
/// @param values may hold NaN and infinities, which are left out.
/// @throws DataError for other positions, ConfigError for options out of range.
TransitionFit fit_transition(std::string order_parameter, series::Axis axis,
                             std::span<const double> positions, std::span<const double> values,
                             const TransitionOptions& options = {});

/// The same for the last segment of a signal.
TransitionFit fit_transition(const series::Signal& signal, const TransitionOptions& options = {});

/// "of 6 models compared, sigmoid fits best (BIC gain over constant 142.0, p = 0.005)".
std::string describe(const TransitionFit& fit);

void to_json(Json& json, const ModelEvidence& evidence);

}  // namespace emdyn::emergence
