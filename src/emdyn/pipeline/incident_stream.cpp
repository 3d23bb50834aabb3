#include "emdyn/pipeline/incident_stream.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"

namespace emdyn::pipeline {
namespace {

constexpr double kGapSamples = 25.0;
/// An incident that goes on for so many events is told in parts: what is kept must not grow without end.
constexpr std::size_t kMostOpen = 4096;

}  // namespace

std::vector<detect::Incident> IncidentStream::push(const series::Event& event) {
  auto& events = open_[event.run];
  events.push_back(event);
  if (events.size() < 2) return {};
  return take(event.run, events.size() > kMostOpen);
}

std::vector<detect::Incident> IncidentStream::finish() {
  std::vector<detect::Incident> told;
  while (!open_.empty()) {
    const std::string run = open_.begin()->first;
    for (detect::Incident& each : take(run, true)) told.push_back(std::move(each));
    open_.erase(run);
  }
  return told;
}

/// Incidents of the run, but for the one the last event belongs to unless `all`; their events are forgotten.
std::vector<detect::Incident> IncidentStream::take(const std::string& run, bool all) {
  auto& events = open_[run];
  const double gap = gap_(run);
  std::vector<detect::Incident> told;
  std::vector<detect::Incident> found = detect::incidents(events, gap);
  if (found.size() < 2 && !all) return {};
  const double last = all ? std::numeric_limits<double>::infinity() : found.back().begin;
  for (detect::Incident& incident : found) {
    if (incident.begin < last && incident.events > 1) told.push_back(std::move(incident));
  }
  if (all) {
    events.clear();
  } else {
    std::erase_if(events, [last](const series::Event& event) {
      return (event.onset ? std::min(event.onset->estimate, event.position) : event.position) <
             last;
    });
  }
  return told;
}

double incident_gap(collect::store::Store& store, const std::string& run) {
  double spacing = std::numeric_limits<double>::infinity();
  try {
    for (const collect::store::SignalSummary& signal : store.summaries(run)) {
      if (signal.points < 2 || !signal.first_position || !signal.last_position) continue;
      const double length = *signal.last_position - *signal.first_position;
      if (length > 0.0)
        spacing = std::min(spacing, length / static_cast<double>(signal.points - 1));
    }
  } catch (const Error&) {
    return 0.0;  // The run cannot be looked at just now: its events stand alone.
  }
  return std::isfinite(spacing) ? kGapSamples * spacing : 0.0;
}

}  // namespace emdyn::pipeline
