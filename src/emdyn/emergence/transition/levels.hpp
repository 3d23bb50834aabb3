#pragma once
#include <optional>

#include "emdyn/emergence/samples/samples.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::emergence {

/// What the data say on either side of a change: what sentences state in place of the curve.
struct Levels {
  double before = 0.0;
  double after = 0.0;
};

/// Medians of the samples next to [onset, end] on either side, of at most a quarter of the series
/// each. Where those contradict the direction (a trend runs against the change), of fewer samples,
/// down to three; nothing when these do as well.
std::optional<Levels> levels_around(const Samples& samples, double onset, double end,
                                    series::Direction direction);

/// Of a stretch that returns: the median before it, and its extreme value within (or its median,
/// of the samples between the flanks).
std::optional<Levels> levels_within(const Samples& samples, double begin, double end,
                                    series::Direction direction, bool extreme);

}  // namespace emdyn::emergence
