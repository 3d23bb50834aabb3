#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "emdyn/forecast/features/target.hpp"
#include "emdyn/series/records.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::forecast {

/// What the forecasts of one run did beside their threshold.
struct PathStory {
  std::size_t forecasts = 0;  ///< With a probability.
  double highest = 0.0;       ///< Probability.
  double highest_at = 0.0;
  double last = 0.0;                ///< Of the last forecast.
  std::size_t above = 0;            ///< At or above the threshold.
  std::optional<double> passed_at;  ///< First of the stretch above that lasts to the end.
  bool fell_back() const noexcept { return above > 0 && !passed_at; }
};

/// @param threshold absent: none is ever passed. A stretch lasts when it reaches the end and holds
/// at least two forecasts.
PathStory path_story(std::span<const series::Forecast> path, std::optional<double> threshold);

/// "touched 59 % once at 282, fell back to 32 %", "passed 50 % at 300 and stayed above", "stayed
/// below 50 %, highest 42 % at 282".
std::string words(const PathStory& story, double threshold);

/// When a run reached its target, and whether it kept it.
struct ReachedStory {
  std::optional<double> reached_at{};
  std::optional<double> lost_at{};  ///< First record of the last stretch below, where the run ends.
};
ReachedStory reached_story(const series::Signal& accuracy, const Target& target);

/// "reached at 450", "reached at 450, lost at 800", "not reached".
std::string words(const ReachedStory& story);

/// The one thing that is missing most, in few words: the first reason without its lists.
std::string short_reason(std::string_view reason);

}  // namespace emdyn::forecast
