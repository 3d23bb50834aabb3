#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "emdyn/series/records.hpp"

namespace emdyn::detect {

/// One thing that happened to a run, and all that was told of it: events of any signals and detectors
/// that came together.
struct Incident {
  /// The event that tells it: of the signal that moved first; of equal ones the surest.
  series::Event first{};
  /// What else moved: one event of each other signal, in order of when it began.
  std::vector<series::Event> others{};
  double begin = 0.0;      ///< Of the earliest onset or, where there is none, alarm.
  double end = 0.0;        ///< Position of the last alarm.
  std::size_t events = 0;  ///< Told of it in all.
};

/// Groups events of a run, or of several, in any order: events of the same run belong together where
/// their reaches (from the estimated onset to the alarm) overlap or are at most `gap` apart, directly
/// or through others. A planned step (`ScheduleStep`) within a gap before what else moved begins the
/// incident, since it is why. Incidents come in order of their begin.
/// @param gap in units of the events' axis, >= 0. Cost: O(n log n).
std::vector<Incident> incidents(std::span<const series::Event> events, double gap);

/// "step 1200: train/loss rose 0.31 → 214 (spike); also gradient_norm 0.9 → 650, val/loss". One line,
/// for people; names are escaped for a terminal. With `run` its name is said.
/// @param most others named; the rest is a count.
std::string incident_line(const Incident& incident, bool run = false, std::size_t most = 4);

void to_json(Json& json, const Incident& incident);

}  // namespace emdyn::detect
