#pragma once
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/emergence/transition/curve.hpp"
#include "emdyn/emergence/transition/model_grid.hpp"
#include "emdyn/emergence/transition/transition.hpp"

/// Internals of fit_transition: cleaning, refinement of the chosen model, onset interval.
namespace emdyn::emergence {

/// Positions strictly ascending, values finite.
struct Samples {
  std::vector<double> positions{};
  std::vector<double> values{};
  std::size_t dropped = 0;

  std::size_t size() const noexcept { return values.size(); }
};

/// Drops non-finite values and averages equal positions. @throws DataError on bad positions.
Samples clean(std::string_view name, std::span<const double> positions,
              std::span<const double> values);
/// Means of runs of equal length so that at most `most` points are left.
Samples binned(const Samples& samples, std::size_t begin, std::size_t end, std::size_t most);

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
struct Candidate {
  Curve curve{};
  double phi = 0.0;
  int parameters = 1;
  double criterion = std::numeric_limits<double>::infinity();  ///< BIC as ModelScore's.
};

/// The grid's best member of every model with a transition, freed from the grid; the best first. A
/// sigmoid stands in the list once for each of its shapes. @param samples standardised, at the
/// grid's positions.
std::vector<Candidate> fit_changes(const ModelGrid& grid, const ModelScores& scores,
                                   const Samples& samples);

/// The chosen model fitted where the change happens at the resolution of the samples, with the
/// interval of its onset.
struct Refined {
  Curve curve{};
  ChangeShape shape{};
};
Refined refine(const Samples& samples, const Candidate& coarse, const TransitionOptions& options);

}  // namespace emdyn::emergence
