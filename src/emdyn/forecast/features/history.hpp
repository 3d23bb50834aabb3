#pragma once
#include <vector>

#include "emdyn/series/run.hpp"

namespace emdyn::forecast {

/// Points of a signal as one line of time.
struct History {
  std::vector<double> positions{};
  std::vector<double> values{};
};

enum class NonFinite { drop, keep };

/// The points at or before `at` as they stand now: where a step went back, what the later segment
/// wrote over is left out. Positions do not decrease. O(points).
History history(const series::Signal& signal, double at, NonFinite non_finite);

}  // namespace emdyn::forecast
