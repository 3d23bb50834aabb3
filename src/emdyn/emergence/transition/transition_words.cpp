#include "emdyn/emergence/transition/transition_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/text.hpp"
#include "emdyn/series/moment.hpp"

namespace emdyn::emergence {
namespace {

using series::Direction;
using series::Transition;
using series::TransitionKind;

constexpr double kLargestInFull = 1e15;

/// Decimals that show `step` in `digits` significant ones.
int decimals_for(double step, int digits) {
  if (!(step > 0.0) || !std::isfinite(step)) return 6;
  return std::clamp(digits - 1 - static_cast<int>(std::floor(std::log10(step))), 0, 12);
}

std::string fixed(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  // "-0.00" says less than "0.00".
  if (text.front() == '-' && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);
  return text;
}

bool is_whole(double value) { return std::floor(value) == value; }

std::string verb(const Transition& transition) {
  const bool up = transition.direction == Direction::rise;
  switch (transition.kind) {
    case TransitionKind::rise:
      return "rose";
    case TransitionKind::fall:
      return "fell";
    case TransitionKind::spike:
      return up ? "spiked" : "dipped";
    case TransitionKind::collapse:
      return "collapsed";
    case TransitionKind::bend:
      return up ? "bent upwards" : "bent downwards";
    case TransitionKind::none:
      break;
  }
  return "did not change suddenly";
}

}  // namespace

std::string position_text(double position, double width) {
  const double size = std::fabs(position);
  if (!std::isfinite(position) || size >= kLargestInFull) return fmt::format("{:.6g}", position);
  if (!(width > 0.0)) {
    if (is_whole(position)) return fmt::format("{:.0f}", position);
    return size < 1e-4 ? fmt::format("{:.4g}", position) : fmt::format("{:.8g}", position);
  }
  const int decimals = decimals_for(width, 2);
  if (decimals >= 9) return fmt::format("{:.4g}", position);
  return fixed(position, decimals);
}

std::string interval_text(const series::Interval& interval, series::Axis axis) {
  double width = interval.high - interval.low;
  if (series::is_moment(axis, interval.low) && series::is_moment(axis, interval.high)) {
    return fmt::format("{} [{}, {}]", series::moment_text(interval.estimate, width),
                       series::moment_text(interval.low, width),
                       series::moment_text(interval.high, width));
  }
  // A jump between two whole steps: 1199 [1199, 1200].
  const bool whole = is_whole(interval.low) && is_whole(interval.high);
  if (whole && width > 0.0) width = std::max(width, 10.0);
  if (!std::isfinite(width)) width = 0.0;
  return fmt::format("{} [{}, {}]", position_text(interval.estimate, width),
                     position_text(interval.low, width), position_text(interval.high, width));
}

std::string onset_text(const Transition& transition) {
  const bool seconds = transition.control_parameter == series::word(series::Axis::seconds);
  return interval_text(*transition.onset, seconds ? series::Axis::seconds : series::Axis::step);
}

std::string value_text(double value, double difference, const ValueRange& range) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  const double unit = range.share && !range.percent ? 100.0 : 1.0;
  if (range.share) return fixed(unit * value, decimals_for(unit * std::fabs(difference), 2)) + " %";
  const double size = std::max(std::fabs(value), std::fabs(difference));
  if (size >= kLargestInFull || size < 1e-6) return fmt::format("{:.4g}", value);
  return fixed(value, decimals_for(std::fabs(difference), 3));
}

std::string slope_text(double slope, const ValueRange& range) {
  const double unit = range.share && !range.percent ? 100.0 : 1.0;
  return fmt::format("{:.3g}{}", unit * slope, range.share ? " %" : "");
}

std::string change_words(const Transition& transition, const ValueRange& range) {
  std::string words = verb(transition);
  if (transition.kind == TransitionKind::bend) {
    if (transition.slope_before && transition.slope_after) {
      words += fmt::format(
          ": slope {} per {} before, {} after", slope_text(*transition.slope_before, range),
          terminal_safe(transition.control_parameter), slope_text(*transition.slope_after, range));
    }
    return words;
  }
  if (transition.before && transition.after) {
    const double difference = *transition.after - *transition.before;
    words += fmt::format(" from {} to {}", value_text(*transition.before, difference, range),
                         value_text(*transition.after, difference, range));
  }
  if (transition.ended) {
    const double width = transition.onset ? transition.onset->high - transition.onset->low : 0.0;
    words += fmt::format(", back at {}", position_text(*transition.ended, std::max(width, 1.0)));
  }
  return words;
}

std::string sentence(const Transition& transition, const ValueRange& range) {
  std::string words = change_words(transition, range);
  if (transition.kind == TransitionKind::none || !transition.onset) return words;
  const std::string place =
      fmt::format(" at {} {}", terminal_safe(transition.control_parameter), onset_text(transition));
  // Before the details that follow the verb and its values.
  const auto details = std::min(words.find(": slope"), words.find(", back at"));
  return details == std::string::npos ? words + place : words.insert(details, place);
}

}  // namespace emdyn::emergence
