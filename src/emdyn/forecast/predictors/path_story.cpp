#include "emdyn/forecast/predictors/path_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace emdyn::forecast {
namespace {

constexpr std::size_t kFewestToLast = 2;

std::string percent(double probability) { return fmt::format("{:.0f} %", 100.0 * probability); }

std::string place(double position) {
  return std::fabs(position) < 1e15 && std::floor(position) == position
             ? fmt::format("{:.0f}", position)
             : fmt::format("{:.8g}", position);
}

}  // namespace

PathStory path_story(std::span<const series::Forecast> path, std::optional<double> threshold) {
  PathStory story;
  std::size_t run = 0;
  std::optional<double> since;
  for (const series::Forecast& each : path) {
    if (each.status != series::ForecastStatus::ok || !each.probability) continue;
    const double probability = each.probability->estimate;
    if (story.forecasts == 0 || probability > story.highest) {
      story.highest = probability;
      story.highest_at = each.at;
    }
    ++story.forecasts;
    story.last = probability;
    if (!threshold || probability < *threshold) {
      run = 0;
      since.reset();
      continue;
    }
    ++story.above;
    if (run++ == 0) since = each.at;
  }
  if (run >= kFewestToLast) story.passed_at = since;
  return story;
}

std::string words(const PathStory& story, double threshold) {
  if (story.forecasts == 0) return "no forecast was made";
  if (story.passed_at)
    return fmt::format("passed {} at {} and stayed above", percent(threshold),
                       place(*story.passed_at));
  const std::string highest = fmt::format("{} {}at {}", percent(story.highest),
                                          story.above == 1 ? "once " : "", place(story.highest_at));
  if (story.above == 0)
    return fmt::format("stayed below {}, highest {}", percent(threshold), highest);
  // One forecast at the very end has not had the time to last.
  if (story.last >= threshold)
    return fmt::format("touched {}, too late to tell if it lasts", highest);
  return fmt::format("touched {}, fell back to {}", highest, percent(story.last));
}

ReachedStory reached_story(const series::Signal& accuracy, const Target& target) {
  ReachedStory story;
  const Outcome result = outcome(accuracy, target);
  if (result.kind != OutcomeKind::reached) return story;
  story.reached_at = result.reached_at;
  const auto positions = accuracy.last_positions();
  const auto values = accuracy.last_values();
  std::size_t begin = values.size();
  while (begin > 0 && !(values[begin - 1] >= target.level)) --begin;
  const std::size_t below = values.size() - begin;
  if (below >= static_cast<std::size_t>(std::max(target.hold_records, 1)) && begin > 0)
    story.lost_at = positions[begin];
  return story;
}

std::string words(const ReachedStory& story) {
  if (!story.reached_at) return "not reached";
  std::string text = "reached at " + place(*story.reached_at);
  if (story.lost_at) text += ", lost at " + place(*story.lost_at);
  return text;
}

std::string short_reason(std::string_view reason) {
  if (const auto needs = reason.find(" needs: ");
      needs != std::string_view::npos && reason.starts_with("predictor ")) {
    reason.remove_prefix(needs + 8);
  }
  reason = reason.substr(0, reason.find("; "));
  reason = reason.substr(0, reason.find(" (signals: "));
  return std::string(reason);
}

}  // namespace emdyn::forecast
