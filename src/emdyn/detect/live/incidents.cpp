#include "emdyn/detect/live/incidents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "emdyn/core/text.hpp"
#include "emdyn/detect/live/reference.hpp"

namespace emdyn::detect {
namespace {

double begun(const series::Event& event) {
  return event.onset ? std::min(event.onset->estimate, event.position) : event.position;
}

double chance(const series::Event& event) { return event.p_value.value_or(1.0); }

bool earlier(const series::Event& a, const series::Event& b) {
  return std::tuple(begun(a), a.position, chance(a)) < std::tuple(begun(b), b.position, chance(b));
}

Incident incident_of(std::vector<series::Event> group) {
  std::ranges::stable_sort(group, earlier);
  Incident incident;
  incident.events = static_cast<std::size_t>(
      std::ranges::count_if(group, [](const series::Event& event) { return !is_end(event); }));
  incident.begin = begun(group.front());
  incident.end = group.front().position;
  for (const series::Event& event : group)
    incident.end = std::max(incident.end, is_end(event) ? event.onset->high : event.position);
  incident.first = group.front();
  for (const series::Event& event : group) {
    if (event.signal != incident.first.signal) {
      const auto known = [&](const series::Event& other) { return other.signal == event.signal; };
      if (std::ranges::none_of(incident.others, known)) incident.others.push_back(event);
    }
  }
  return incident;
}

std::string digits(double value) { return fmt::format("{:.4g}", value); }

std::string moved(const series::Event& event) {
  std::string text = terminal_safe(event.signal);
  if (event.before && event.after)
    text += fmt::format(" {} → {}", digits(*event.before), digits(*event.after));
  return text;
}

std::string_view verb(const series::Event& event) {
  if (event.kind == series::EventKind::nonfinite) return "is not finite";
  if (event.direction == series::Direction::rise) return "rose";
  if (event.direction == series::Direction::fall) return "fell";
  return event.kind == series::EventKind::variance ? "stands still" : "changed";
}

}  // namespace

std::vector<Incident> incidents(std::span<const series::Event> events, double gap) {
  std::vector<std::size_t> order(events.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::tuple(std::string_view(events[a].run), events[a].axis, begun(events[a])) <
           std::tuple(std::string_view(events[b].run), events[b].axis, begun(events[b]));
  });
  std::vector<Incident> found;
  std::vector<series::Event> group;
  double reach = 0.0;
  for (const std::size_t i : order) {
    const series::Event& event = events[i];
    const bool same = !group.empty() && group.front().run == event.run &&
                      group.front().axis == event.axis && begun(event) <= reach + gap;
    if (!same && !group.empty()) found.push_back(incident_of(std::move(group)));
    if (!same) group.clear();
    reach = same ? std::max(reach, event.position) : event.position;
    group.push_back(event);
  }
  if (!group.empty()) found.push_back(incident_of(std::move(group)));
  std::ranges::stable_sort(found, {}, &Incident::begin);
  return found;
}

std::string incident_line(const Incident& incident, bool run, std::size_t most) {
  const series::Event& first = incident.first;
  std::string line;
  if (run && !first.run.empty()) line = terminal_safe(first.run) + ", ";
  line += fmt::format("{} {}: {} {}", word(first.axis), shortest(first.position),
                      terminal_safe(first.signal), verb(first));
  if (first.before && first.after)
    line += fmt::format(" {} → {}", digits(*first.before), digits(*first.after));
  line += fmt::format(" ({}, {})", word(first.kind), first.detector);
  for (std::size_t i = 0; i < std::min(most, incident.others.size()); ++i)
    line += (i == 0 ? "; also " : ", ") + moved(incident.others[i]);
  if (incident.others.size() > most)
    line += fmt::format(" and {} more", incident.others.size() - most);
  return line;
}

void to_json(Json& json, const Incident& incident) {
  json = Json{{"first", incident.first},
              {"others", incident.others},
              {"begin", number_or_null(incident.begin)},
              {"end", number_or_null(incident.end)},
              {"events", incident.events}};
}

}  // namespace emdyn::detect
