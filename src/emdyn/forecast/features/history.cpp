#include "emdyn/forecast/features/history.hpp"

#include <cmath>

namespace emdyn::forecast {

History history(const series::Signal& signal, double at, NonFinite non_finite) {
  History result;
  for (std::size_t segment = 0; segment < signal.segments.size(); ++segment) {
    const std::size_t begin = signal.segments[segment];
    const bool is_last = segment + 1 == signal.segments.size();
    const std::size_t end = is_last ? signal.size() : signal.segments[segment + 1];
    if (begin >= end || signal.positions[begin] > at) continue;
    while (!result.positions.empty() && result.positions.back() >= signal.positions[begin]) {
      result.positions.pop_back();
      result.values.pop_back();
    }
    for (std::size_t i = begin; i < end && signal.positions[i] <= at; ++i) {
      if (non_finite == NonFinite::drop && !std::isfinite(signal.values[i])) continue;
      result.positions.push_back(signal.positions[i]);
      result.values.push_back(signal.values[i]);
    }
  }
  return result;
}

}  // namespace emdyn::forecast
