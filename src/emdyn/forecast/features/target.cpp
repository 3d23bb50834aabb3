#include "emdyn/forecast/features/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/features/history.hpp"

namespace emdyn::forecast {

std::string describe(const Target& target, series::Axis axis) {
  return fmt::format("test_accuracy >= {}, sustained, before {} {}", shortest(target.level),
                     series::word(axis), shortest(target.deadline));
}

const Target& checked(const Target& target) {
  if (!(target.level > 0.0 && target.level <= 1.0)) {
    throw ConfigError(fmt::format("target.level must be in (0, 1], got {}", target.level));
  }
  if (!(target.hold_share >= 0.0 && target.hold_share <= 0.5)) {
    throw ConfigError(
        fmt::format("target.hold_share must be in [0, 0.5], got {}", target.hold_share));
  }
  if (target.hold_records < 1) {
    throw ConfigError(fmt::format("target.hold_records must be >= 1, got {}", target.hold_records));
  }
  if (!(target.deadline > 0.0) || !std::isfinite(target.deadline)) {
    throw ConfigError(fmt::format("target.deadline must be > 0, got {}; give it with --deadline",
                                  target.deadline));
  }
  return target;
}

Outcome outcome(const series::Signal& accuracy, const Target& target, double at) {
  checked(target);
  const History points = history(accuracy, std::min(at, target.deadline), NonFinite::keep);
  const double hold = target.hold_share * target.deadline;
  Outcome result;
  std::optional<std::size_t> start;
  for (std::size_t i = 0; i < points.positions.size(); ++i) {
    if (!(points.values[i] >= target.level)) {
      start.reset();
      continue;
    }
    if (!start) start = i;
    const bool long_enough = points.positions[i] - points.positions[*start] >= hold;
    if (long_enough && i - *start + 1 >= static_cast<std::size_t>(target.hold_records)) {
      result.kind = OutcomeKind::reached;
      result.reached_at = points.positions[*start];
      result.confirmed_at = points.positions[i];
      return result;
    }
  }
  const auto last = accuracy.last_positions();
  const double slack = 0.01 * target.deadline;
  if (!last.empty() && std::min(at, last.back()) >= target.deadline - slack) {
    result.kind = OutcomeKind::not_reached;
  }
  return result;
}

}  // namespace emdyn::forecast
