#pragma once
#include <cstddef>
#include <limits>
#include <vector>

#include "emdyn/emergence/samples/samples.hpp"
#include "emdyn/emergence/transition/curve.hpp"
#include "emdyn/emergence/transition/model_grid.hpp"
#include "emdyn/emergence/transition/transition.hpp"

/// Internals of fit_transition: refinement of the chosen model, onset interval.
namespace emdyn::emergence {

/// An excursion that lasts at most this share of the range is a spike.
inline constexpr double kSpikeShare = 0.1;

/// What the fitted curve says of the change.
struct ChangeShape {
  double onset = 0.0;  ///< 10 % of the change; of a collapse, of its fall; of a kink, its place.
  double end = 0.0;    ///< 90 %; of a kink, its place.
  double size = 0.0;   ///< Of the change within the observed positions, with its sign; of a kink
                       ///< the deviation from the earlier line at the end.
  double onset_low = 0.0, onset_high = 0.0;
  series::TransitionKind kind = series::TransitionKind::none;
  /// rise_and_collapse: 90 % of the first flank to 10 % of the second, and where it is over.
  double plateau_begin = 0.0, plateau_end = 0.0, ended = 0.0;
};
ChangeShape shape_of(const Curve& curve);

/// A curve with the noise it leaves.
struct FittedCurve {
  Curve curve{};
  double phi = 0.0;
  int parameters = 1;
  double criterion = std::numeric_limits<double>::infinity();  ///< BIC as ModelScore's.
};

/// The grid's best member of every model with a transition, freed from the grid; the best first. A
/// sigmoid stands in the list once for each of its shapes. @param samples standardised, at the
/// grid's positions.
std::vector<FittedCurve> fit_changes(const ModelGrid& grid, const ModelScores& scores,
                                     const Samples& samples);

/// The chosen model fitted where the change happens at the resolution of the samples, with the
/// interval of its onset.
struct Refined {
  Curve curve{};
  ChangeShape shape{};
};
/// @param heavy_tails outliers about the coarse curve are drawn in before the least squares.
Refined refine(const Samples& samples, const FittedCurve& coarse, bool heavy_tails,
               const TransitionOptions& options);

}  // namespace emdyn::emergence
