#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/family.hpp"
#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

using report::ReportSignal;
using series::Event;

struct Family {
  std::string_view name;
  std::string_view title;
};

constexpr std::array kFamilies{
    Family{"loss", "Loss and accuracy"},
    Family{"gradients", "Gradients"},
    Family{"weights", "Weights"},
    Family{"activations", "Activations"},
    Family{"representation", "Representation"},
    Family{"data", "Data"},
    Family{"other", "Other signals"},
};

constexpr std::size_t kOpenLanes = 16;  ///< Of a family; quiet ones beyond are folded away.

std::string_view family_of(const ReportSignal& signal) {
  for (const Family& family : kFamilies) {
    if (signal.family == family.name) return family.name;
  }
  return signal.family.empty() ? signal_family(signal.points.name) : "other";
}

struct Lane {
  const ReportSignal* signal = nullptr;
  std::size_t number = 0;            ///< Of the lane's anchor.
  std::vector<std::size_t> ticks{};  ///< Numbers of its alarm ticks.
};

void draw_ticks(Html& html, const Scene& scene, const Ticks& ticks, const Lane& lane) {
  for (const std::size_t number : lane.ticks) {
    const Tick& tick = ticks.ticks[number];
    const std::string mark = fmt::format("k-{}", series::word(tick.first->kind));
    const std::string words = tick_words(scene, tick);
    const auto link =
        html.element("a", {{"class", "tick " + mark},
                           {"id", fmt::format("t{}", number)},
                           {"href", fmt::format("#e{}", ticks.first_event_of_tick[number])},
                           {"title", words},
                           {"aria-label", words},
                           {"style", at_style(scene, tick.first->position)}});
    const auto svg = html.element("svg", {{"class", mark}, {"viewBox", "0 0 12 12"}});
    html.single("use", {{"href", "#" + mark}});
  }
}

AxisMap lane_axis(const Columns& columns) {
  const bool wide = columns.min > 0.0 && columns.max > 300.0 * columns.min;
  if (!wide) return padded_linear(columns.min, columns.max);
  return AxisMap(Scale::logarithmic, 0.8 * columns.min, std::min(1.25 * columns.max, 1e308));
}

/// A light and a strong one; the style sheet shows the one that is asked for, over the line itself.
void smooth_lines(Html& html, const Scene& scene, const Columns& drawn, const AxisMap& x,
                  const AxisMap& y, int height) {
  constexpr std::uint64_t kFewestPoints = 12;
  if (drawn.points - drawn.nonfinite < kFewestPoints) return;
  path(html, "smooth light",
       smooth_path(drawn, x, y, height, 0.01, std::min<std::size_t>(150, scene.lane_columns / 5)));
  path(html, "smooth strong",
       smooth_path(drawn, x, y, height, 0.04, std::min<std::size_t>(50, scene.lane_columns / 10)));
}

void draw_lane(Html& html, const Scene& scene, const Ticks& ticks, const Lane& lane) {
  const ReportSignal& signal = *lane.signal;
  const Columns& columns = scene.columns_of(signal);
  Plot plot;
  plot.label = scene.label(signal.points.name);
  plot.id = fmt::format("s{}", lane.number);
  plot.format = scene.format(signal);
  plot.height_px = 44;
  RowText text{plot.label, "no finite value", "", ""};
  if (!columns.empty()) {
    plot.y = lane_axis(columns);
    text.note =
        columns.min == columns.max ? "constant" : plot.format.range(columns.min, columns.max);
    if (plot.y.scale() == Scale::logarithmic) text.note += ", log scale";
    text.last = plot.format.value(columns.last);
  }
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    const bool linear = x.scale() == Scale::linear;
    const Columns log_columns = linear ? Columns{} : reduce(signal, x, scene.lane_columns);
    const Columns& drawn = linear ? columns : log_columns;
    path(out, "l-old", line_path(drawn, x, plot.y, height, true));
    path(out, lane.signal == scene.order ? "l-op main" : "l-lane main",
         line_path(drawn, x, plot.y, height));
    smooth_lines(out, scene, drawn, x, plot.y, height);
    path(out, "d-lane", dot_path(drawn, x, plot.y, height, drawn.points > 60));
    std::string missing;
    for (const double position : drawn.nonfinite_at) {
      missing += fmt::format("M{} {}v-60", std::lround(kViewWidth * x.fraction(position)), height);
    }
    path(out, "nonfinite", missing);
  };
  plot.over = [&](Html& out) { draw_ticks(out, scene, ticks, lane); };
  plot_row(html, scene, text, plot);
}

std::string family_words(const Scene& scene, const Ticks& ticks, const std::vector<Lane>& lanes) {
  std::size_t alarms = 0;
  std::uint64_t nonfinite = 0;
  const Lane* loudest = nullptr;
  std::size_t most = 0;
  for (const Lane& lane : lanes) {
    std::size_t here = 0;
    for (const std::size_t number : lane.ticks) here += ticks.ticks[number].count;
    alarms += here;
    nonfinite += scene.columns_of(*lane.signal).nonfinite;
    if (here > most) {
      most = here;
      loudest = &lane;
    }
  }
  std::string words =
      fmt::format("{} {}, ", lanes.size(), lanes.size() == 1 ? "signal" : "signals");
  if (loudest == nullptr) {
    words += "no alarms";
  } else if (lanes.size() == 1) {
    words += fmt::format("{} {}", alarms, alarms == 1 ? "alarm" : "alarms");
  } else {
    words += fmt::format("{} {}, most of them in {} ({})", alarms, alarms == 1 ? "alarm" : "alarms",
                         scene.label(loudest->signal->points.name), most);
  }
  if (nonfinite > 0) {
    words += fmt::format("; {} non-finite {}, marked at the foot of the lane",
                         count_text(nonfinite), nonfinite == 1 ? "value" : "values");
  }
  return words + ".";
}

void family_table(Html& html, const Scene& scene, const std::vector<Lane>& lanes,
                  std::string_view title) {
  const std::size_t rows = std::clamp<std::size_t>(600 / scene.data.signals.size(), 4, 24);
  TextTable table;
  table.caption = fmt::format("{}, each signal in at most {} stretches", title, rows);
  table.headers = signal_row_headers(scene);
  for (const Lane& lane : lanes) {
    add_signal_rows(table, scene, scene.label(lane.signal->points.name),
                    scene.columns_of(*lane.signal), scene.format(*lane.signal), rows);
  }
  folded_table(html, table);
}

void draw_family(Html& html, const Scene& scene, const Ticks& ticks, const Family& family,
                 const std::vector<Lane>& lanes) {
  const auto group = html.element("div", {{"class", "family"}});
  html.leaf("h3", family.title);
  html.leaf("p", family_words(scene, ticks, lanes), {{"class", "see"}});
  std::vector<const Lane*> folded;
  std::size_t open = 0;
  for (const Lane& lane : lanes) {
    if (open >= kOpenLanes && lane.ticks.empty()) {
      folded.push_back(&lane);
      continue;
    }
    draw_lane(html, scene, ticks, lane);
    ++open;
  }
  if (!folded.empty()) {
    const auto details = html.element("details", {{"class", "more"}});
    html.leaf("summary", fmt::format("{} more without alarms", folded.size()));
    for (const Lane* lane : folded) draw_lane(html, scene, ticks, *lane);
  }
  axis_row(html, scene);
  family_table(html, scene, lanes, family.title);
}

std::vector<KeyEntry> kinds_key(const Scene& scene) {
  constexpr std::array<std::string_view, 7> kMarks{
      "k-shift", "k-spike", "k-trend", "k-variance", "k-outlier", "k-nonfinite", "k-gap"};
  std::set<series::EventKind> kinds;
  for (const Event& event : scene.data.events) kinds.insert(event.kind);
  std::vector<KeyEntry> entries;
  for (const series::EventKind kind : kinds) {
    entries.push_back({kMarks[static_cast<std::size_t>(kind)], std::string(series::word(kind))});
  }
  return entries;
}

/// Choices that need no script: the style sheet follows the radio buttons.
void choice(Html& html, std::string_view title, std::string_view name,
            std::initializer_list<std::string_view> words) {
  const auto group = html.element("fieldset");
  html.leaf("legend", title);
  bool first = true;
  for (const std::string_view word : words) {
    const auto label = html.element("label");
    html.single("input", {{"type", "radio"},
                          {"name", name},
                          {"id", fmt::format("{}-{}", name, word)},
                          {"checked", first ? "checked" : ""}});
    html.text(word);
    first = false;
  }
}

void lane_tools(Html& html) {
  const auto tools = html.element("div", {{"class", "tools"}});
  choice(html, "Smoothing", "smooth", {"off", "light", "strong"});
  choice(html, "Lanes", "lanes", {"low", "tall"});
}

void undrawn(Html& html, const Scene& scene, const std::vector<const ReportSignal*>& signals) {
  TextTable table;
  table.caption = fmt::format("{} signals that are not drawn", count_text(signals.size()));
  table.headers = {"signal", "axis", "points", "last"};
  for (const ReportSignal* signal : signals) {
    if (table.rows.size() == 1000) break;
    const Columns& columns = scene.columns_of(*signal);
    table.rows.push_back({scene.label(signal->points.name),
                          std::string(series::word(signal->points.axis)),
                          count_text(columns.points),
                          columns.empty() ? "none" : scene.format(*signal).value(columns.last)});
  }
  if (table.rows.empty()) return;
  html.leaf("p",
            fmt::format("{} signals are listed but not drawn: they lie on another axis, share a "
                        "name, or come after the first 300.",
                        count_text(signals.size())),
            {{"class", "see"}});
  folded_table(html, table);
}

}  // namespace

void swimlane_panel(Html& html, const Scene& scene, const Ticks& ticks) {
  const auto panel = html.element("section", {{"class", "panel timeline"}, {"id", "signals"}});
  if (scene.data.signals.empty()) {
    panel_head(html, "Signals", "No signals were recorded.");
    return;
  }
  panel_head(html, "Signals",
             alarm_words(scene) +
                 " Every lane has its own scale; its range stands under the name, "
                 "its last value at the right.");
  key(html, kinds_key(scene));
  lane_tools(html);
  std::map<std::string_view, std::vector<Lane>> lanes;
  std::vector<const ReportSignal*> rest;
  const std::vector<bool> drawn = drawn_signals(scene);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const ReportSignal& signal = scene.data.signals[i];
    if (drawn[i]) {
      lanes[family_of(signal)].push_back({&signal, i, ticks.of(signal.points.name)});
    } else {
      rest.push_back(&signal);
    }
  }
  for (const Family& family : kFamilies) {
    const auto found = lanes.find(family.name);
    if (found != lanes.end()) draw_family(html, scene, ticks, family, found->second);
  }
  undrawn(html, scene, rest);
}

}  // namespace emdyn::report
