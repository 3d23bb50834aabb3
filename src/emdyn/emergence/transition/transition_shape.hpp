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

/// What the fitted curve says of the change.
struct ChangeShape {
  double onset = 0.0;  ///< 10 % of the change.
  double end = 0.0;    ///< 90 %.
  double size = 0.0;   ///< Of the change within the observed positions, with its sign.
  double onset_low = 0.0, onset_high = 0.0;
  double excursion = 0.0;  ///< rise_and_collapse: from rise to fall, in units of position.
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
Refined refine(const Samples& samples, const FittedCurve& coarse, const TransitionOptions& options);

}  // namespace emdyn::emergence
