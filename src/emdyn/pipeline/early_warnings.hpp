#pragma once
#include <span>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/pipeline/analyze.hpp"

namespace emdyn::pipeline {

/// Indicators of the signals of each run, one by one and together, from samples before the main
/// transition's onset (its interval's low end) or, where there is none, from all samples; then the
/// p-values of all trends of all runs corrected together (kDependence): one false-alarm budget over
/// signals and indicators. Trends of the main transition's own signal, and others that stand, become
/// its precursors.
///
/// Of a few runs up to 64 signals are looked at, of many 16: those that changed, then those with a
/// role, then the others in their order.
void add_early_warnings(std::span<const series::Run> runs, const AnalyzeOptions& options,
                        const Task& task, std::vector<Analysis>& analyses);

/// The part of the early warning that is about several signals together, as its signal is called.
inline constexpr std::string_view kJointSignal = "(all together)";

}  // namespace emdyn::pipeline
