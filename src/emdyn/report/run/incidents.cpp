#include <fmt/format.h>

#include <algorithm>

#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

using detect::Incident;
using series::Event;

constexpr std::size_t kOpenIncidents = 40;  ///< The rest is folded away.
constexpr std::size_t kNamedOthers = 4;

NumberFormat incident_format(const Scene& scene, std::string_view signal) {
  const auto& signals = scene.data.signals;
  const auto found = std::ranges::find_if(
      signals, [&](const ReportSignal& each) { return each.points.name == signal; });
  return found == signals.end() ? NumberFormat{} : scene.format(*found);
}

/// " 0.31 → 214", or nothing where the values are not known.
std::string incident_values(const Scene& scene, const Event& event) {
  if (!event.before || !event.after) return "";
  const NumberFormat format = incident_format(scene, event.signal);
  return fmt::format(" {} → {}", format.value(*event.before), format.value(*event.after));
}

std::string_view incident_verb(const Event& event) noexcept {
  if (event.kind == series::EventKind::nonfinite) return "was not finite";
  if (event.direction == series::Direction::rise) return "rose";
  if (event.direction == series::Direction::fall) return "fell";
  return event.kind == series::EventKind::variance ? "stood still" : "changed";
}

std::string incident_words(const Scene& scene, const Incident& incident) {
  const Event& first = incident.first;
  std::string words =
      fmt::format(": {} {}{} ({}{}{})", scene.label(first.signal), incident_verb(first),
                  incident_values(scene, first), series::word(first.kind),
                  first.detector.empty() ? "" : ", ", first.detector);
  const std::size_t named = std::min(kNamedOthers, incident.others.size());
  for (std::size_t i = 0; i < named; ++i) {
    const Event& other = incident.others[i];
    words += fmt::format("{}{}{}", i == 0 ? "; also " : ", ", scene.label(other.signal),
                         incident_values(scene, other));
  }
  if (incident.others.size() > named)
    words += fmt::format(" and {} more", incident.others.size() - named);
  if (incident.events > 1) words += fmt::format(" — {}", counted(incident.events, "alarm"));
  return words;
}

void incident_item(Html& html, const Scene& scene, const Ticks& ticks, std::size_t number) {
  const Incident& incident = scene.data.incidents[number];
  const auto item = html.element("li", {{"id", fmt::format("i{}", number)}});
  const std::string mark = fmt::format("k-{}", series::word(incident.first.kind));
  {
    const auto svg =
        html.element("svg", {{"class", mark}, {"viewBox", "0 0 12 12"}, {"aria-hidden", "true"}});
    html.single("use", {{"href", "#" + mark}});
  }
  const auto words = html.element("span");
  const std::string place = scene.place(incident.first.position);
  if (const auto& tick = ticks.tick_of_incident[number]) {
    html.leaf("a", place, {{"href", fmt::format("#t{}", *tick)}});
  } else {
    html.text(place);
  }
  html.text(incident_words(scene, incident));
}

}  // namespace

void incident_list(Html& html, const Scene& scene, const Ticks& ticks) {
  const std::size_t all = scene.data.incidents.size();
  if (all == 0) return;
  const std::size_t open = std::min(all, kOpenIncidents);
  {
    const auto list = html.element("ol", {{"class", "incidents"}});
    for (std::size_t i = 0; i < open; ++i) incident_item(html, scene, ticks, i);
  }
  if (open == all) return;
  const auto details = html.element("details");
  html.leaf("summary", fmt::format("{} more incidents", count_text(all - open)));
  const auto list = html.element("ol", {{"class", "incidents"}});
  for (std::size_t i = open; i < all; ++i) incident_item(html, scene, ticks, i);
}

}  // namespace emdyn::report
