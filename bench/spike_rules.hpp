#pragma once
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace emdyn::bench {

/// What people put beside a training today. A rule marks samples of one signal, each from the
/// samples before it; within 25 samples of a mark none follows.
struct SpikeRule {
  std::string_view name;
  std::vector<bool> (*mark)(std::span<const double> values);
};

/// k-sigma (3 deviations from the mean of all before), robust z (3.5 from the median of the last 100,
/// by their MAD), a rolling z-score (3 deviations of the last 100) and the rule of trainers' callbacks
/// (beyond two running means of ten above it). Values that are not finite are marked by none but the
/// last.
std::span<const SpikeRule> spike_rules() noexcept;

}  // namespace emdyn::bench
