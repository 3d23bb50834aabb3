#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/series/records.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::explain {

/// When one signal changed, beside the transition of the order parameter.
struct SignalChange {
  std::string signal{};
  series::TransitionKind kind = series::TransitionKind::none;
  series::Direction direction = series::Direction::none;
  std::optional<series::Interval> onset{};  ///< Of the signal's own fitted transition.
  std::optional<double> lead{};  ///< Transition's onset − signal's onset; positive: it led.
  std::string order{};           ///< before, with, after: by the two intervals; unknown
};

/// Fits a transition to every other signal of the run up to the end of the order parameter's
/// transition (onset.high + width) and sorts the changes by onset; signals without a change come
/// last. "before" and "after" are said only when the two onset intervals do not overlap. An order
/// in time is no proof of a cause. This looks back on a finished transition: it is not a forecast.
/// About 0.1 s a signal. Nothing when the transition has no onset. @throws Task::Stopped.
std::vector<SignalChange> order_of_change(const series::Run& run,
                                          const series::Transition& transition,
                                          const Task& task = {});

void to_json(Json& json, const SignalChange& change);

}  // namespace emdyn::explain
