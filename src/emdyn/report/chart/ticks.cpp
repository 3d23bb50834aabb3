#include "emdyn/report/chart/ticks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "emdyn/report/html/moment.hpp"

namespace emdyn::report {

namespace {

using series::Event;

constexpr std::size_t kListedEvents = 500;
constexpr std::size_t kDrawnLanes = 300;  // For the sake of the 2 MB a page may have.
constexpr int kTickColumns = 350;         ///< Alarms of a kind nearer than this share one tick.

/// Signal, kind and column: alarms of one place share a tick.
using TickPlace = std::tuple<std::string_view, series::EventKind, long>;

TickPlace tick_place(const Scene& scene, const Event& event) {
  return {event.signal, event.kind,
          std::lround(scene.linear.fraction(event.position) * kTickColumns)};
}

std::vector<const Event*> listed_events(const Scene& scene) {
  std::vector<const Event*> events;
  for (const Event& event : scene.data.events) events.push_back(&event);
  if (events.size() > kListedEvents) {
    std::stable_sort(events.begin(), events.end(), [](const Event* a, const Event* b) {
      return a->p_value.value_or(1.0) < b->p_value.value_or(1.0);
    });
    events.resize(kListedEvents);
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event* a, const Event* b) { return a->position < b->position; });
  return events;
}

}  // namespace

std::vector<bool> drawn_signals(const Scene& scene) {
  std::vector<bool> drawn;
  std::set<std::string_view> names;
  for (const report::ReportSignal& signal : scene.data.signals) {
    const bool fits = signal.points.axis == scene.data.axis && names.size() < kDrawnLanes;
    drawn.push_back(fits && names.insert(signal.points.name).second);
  }
  return drawn;
}

Ticks place_ticks(const Scene& scene) {
  std::set<std::string_view> lanes;
  const std::vector<bool> drawn = drawn_signals(scene);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (drawn[i]) lanes.insert(scene.data.signals[i].points.name);
  }
  Ticks ticks;
  ticks.events = listed_events(scene);
  std::map<TickPlace, std::size_t> places;
  for (std::size_t i = 0; i < ticks.events.size(); ++i) {
    const Event& event = *ticks.events[i];
    ticks.tick_of_event.emplace_back();
    if (!lanes.contains(event.signal)) continue;
    const auto [place, is_new] = places.try_emplace(tick_place(scene, event), ticks.ticks.size());
    if (is_new) {
      ticks.ticks.push_back({&event, 0, event.position});
      ticks.first_event_of_tick.push_back(i);
    }
    Tick& tick = ticks.ticks[place->second];
    ++tick.count;
    tick.last_position = event.position;
    ticks.tick_of_event.back() = place->second;
  }
  for (const detect::Incident& incident : scene.data.incidents) {
    const auto place = places.find(tick_place(scene, incident.first));
    ticks.tick_of_incident.push_back(place == places.end() ? std::nullopt
                                                           : std::optional(place->second));
  }
  return ticks;
}

std::vector<std::size_t> Ticks::of(std::string_view signal) const {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    if (ticks[i].first->signal == signal) numbers.push_back(i);
  }
  return numbers;
}

std::string tick_words(const Scene& scene, const Tick& tick) {
  const Event& event = *tick.first;
  if (tick.count > 1) {
    return fmt::format("{} {} alarms, {} to {}", tick.count, series::word(event.kind),
                       scene.place(event.position),
                       place_number(scene.data.axis, tick.last_position));
  }
  std::string words =
      fmt::format("{} at {}", series::word(event.kind), scene.place(event.position));
  if (event.p_value) words += ", p = " + p_value_text(*event.p_value);
  return words;
}

}  // namespace emdyn::report
