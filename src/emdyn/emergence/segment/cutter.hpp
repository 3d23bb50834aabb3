#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/emergence/segment/noise.hpp"
#include "emdyn/emergence/segment/prepared.hpp"
#include "emdyn/emergence/segment/search.hpp"
#include "emdyn/emergence/segment/segment.hpp"

namespace emdyn::emergence::segment {

/// Where a series was cut, in rows of what was prepared.
struct Cuts {
  std::vector<std::size_t> changes{};
  std::vector<series::Interval> onsets{};
  std::vector<double> gains{};
  std::vector<double>
      variances{};  ///< Of the noise, [channel]; empty where the regime has its own.
  double penalty = 0.0;
  double autocorrelation = 0.0;
};

/// @pre !prepared.constant(). @throws ConfigError when there is no room for so many changes; Task::Stopped
Cuts cut(const Prepared& prepared, const SegmentOptions& options, const Task& task);

}  // namespace emdyn::emergence::segment
