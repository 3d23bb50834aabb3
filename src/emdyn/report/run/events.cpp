#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/html/moment.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

using series::Event;

std::string evidence(const Scene& scene, const Event& event) {
  std::string words;
  if (event.score) {
    words += fmt::format("score {} × threshold", number_text(*event.score, 3));
  }
  if (event.direction != series::Direction::none) {
    words += fmt::format("{}{}", words.empty() ? "" : ", ", series::word(event.direction));
  }
  if (event.onset) {
    words += fmt::format("{}began at {}", words.empty() ? "" : ", ",
                         place_text(scene.data.axis, *event.onset));
  }
  return words.empty() ? "none recorded" : words;
}

void sort_head(Html& html, std::string_view title, bool numeric) {
  const auto head = html.element(
      "th", {{"scope", "col"}, {"class", numeric ? "n" : ""}, {"data-sort", numeric ? "n" : "t"}});
  html.text(title);
}

std::string exact(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{:.17g}", *value) : std::string("1e999");
}

void event_row(Html& html, const Scene& scene, const Ticks& ticks, std::size_t number) {
  const Event& event = *ticks.events[number];
  const auto row = html.element("tr", {{"id", fmt::format("e{}", number)}});
  {
    const auto cell = html.element("td", {{"class", "n"}, {"data-v", exact(event.position)}});
    const std::optional<std::size_t> tick = ticks.tick_of_event[number];
    if (tick) {
      html.leaf("a", place_number(scene.data.axis, event.position),
                {{"href", fmt::format("#t{}", *tick)}});
    } else {
      html.text(place_number(scene.data.axis, event.position));
    }
  }
  html.leaf("td", scene.label(event.signal));
  {
    const auto cell = html.element("td", {{"class", "kind"}});
    const std::string mark = fmt::format("k-{}", series::word(event.kind));
    {
      const auto svg =
          html.element("svg", {{"class", mark}, {"viewBox", "0 0 12 12"}, {"aria-hidden", "true"}});
      html.single("use", {{"href", "#" + mark}});
    }
    html.text(series::word(event.kind));
  }
  html.leaf("td", event.detector.empty() ? "unnamed" : event.detector);
  html.leaf("td", event.p_value ? p_value_text(*event.p_value) : "none",
            {{"class", "n"}, {"data-v", exact(event.p_value)}});
  html.leaf("td", evidence(scene, event));
}

}  // namespace

void event_panel(Html& html, const Scene& scene, const Ticks& ticks) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "events"}});
  std::string sentence = alarm_words(scene);
  const std::vector<const Event*>& events = ticks.events;
  if (events.empty()) {
    panel_head(html, "Events", sentence);
    return;
  }
  if (events.size() < scene.data.events.size()) {
    sentence += fmt::format(" Listed and drawn are the {} with the smallest p-values.",
                            count_text(events.size()));
  }
  sentence += " A position leads to its place in the signals.";
  panel_head(html, "Events", sentence);
  incident_list(html, scene, ticks);
  const auto frame = html.element(
      "div",
      {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "events"}});
  const auto table = html.element("table", {{"class", "sortable"}});
  html.leaf("caption", "events in order of position");
  {
    const auto head = html.element("thead");
    const auto row = html.element("tr");
    sort_head(html, axis_label(scene.data.axis), true);
    sort_head(html, "signal", false);
    sort_head(html, "kind", false);
    sort_head(html, "detector", false);
    sort_head(html, "p-value", true);
    html.leaf("th", "evidence", {{"scope", "col"}});
  }
  const auto body = html.element("tbody");
  for (std::size_t i = 0; i < events.size(); ++i) event_row(html, scene, ticks, i);
}

void change_order_panel(Html& html, const Scene& scene) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "change-order"}});
  if (scene.data.change_order.empty()) {
    panel_head(html, "Order of change",
               "No order of change is shown: no signal's change was dated against a transition.");
    return;
  }
  auto changes = scene.data.change_order;
  std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) {
    return a.onset.estimate < b.onset.estimate;
  });
  std::size_t before = 0;
  TextTable table;
  table.caption = "when each signal changed, earliest first";
  table.headers = {"signal", "change", "relative to the transition", "onset", "detail"};
  table.numeric_from = 5;
  for (const report::ChangeOrder& change : changes) {
    std::string relative = "no transition to compare with";
    if (change.relative) {
      relative = fmt::format("{} {}",
                             distance_text(scene.data.axis, std::abs(*change.relative),
                                           change.onset.high - change.onset.low),
                             *change.relative < 0 ? "before" : "after");
      before += *change.relative < 0 ? 1U : 0U;
    }
    table.rows.push_back({scene.label(change.signal), std::string(series::word(change.direction)),
                          relative, NumberFormat{}.interval(change.onset), change.detail});
  }
  const bool detailed =
      std::any_of(changes.begin(), changes.end(), [](auto& one) { return !one.detail.empty(); });
  if (!detailed) {
    table.headers.pop_back();
    for (TextRow& row : table.rows) row.pop_back();
  }
  panel_head(html, "Order of change",
             fmt::format("{} of {} signals changed before the transition; the first was {}. Before "
                         "does not mean because of.",
                         before, changes.size(), scene.label(changes.front().signal)));
  text_table(html, table);
}

}  // namespace emdyn::report
