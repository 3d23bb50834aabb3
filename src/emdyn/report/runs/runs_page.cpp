#include "emdyn/report/runs/runs_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/html/html.hpp"
#include "emdyn/report/html/number.hpp"
#include "emdyn/report/run/page.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/runs/runs_lanes.hpp"
#include "emdyn/report/runs/runs_tables.hpp"

namespace emdyn::report {

namespace {

const emergence::incidents::CommonIncident* surest_incident(const RunsData& data,
                                                            std::string_view& signal) {
  const emergence::incidents::CommonIncident* surest = nullptr;
  for (const OverlaidSignal& each : data.signals) {
    for (const auto& incident : each.incidents) {
      if (surest != nullptr &&
          (incident.p_value > surest->p_value ||
           (incident.p_value == surest->p_value && incident.runs <= surest->runs)))
        continue;
      surest = &incident;
      signal = each.name;
    }
  }
  return surest;
}

void runs_header(Html& html, const RunsData& data) {
  const auto element = html.element("header");
  html.leaf("p", data.title, {{"class", "run"}});
  html.leaf("h1", runs_headline(data));
  for (const std::string& note : data.notes) html.leaf("p", note, {{"class", "alarms"}});
  const auto nav = html.element("nav", {{"aria-label", "Panels"}});
  html.leaf("a", "Signals", {{"href", "#signals"}});
  html.leaf("a", "Common incidents", {{"href", "#incidents"}});
  html.leaf("a", "Changes and ends", {{"href", "#across"}});
  html.leaf("a", "Settings that differ", {{"href", "#settings"}});
  html.leaf("a", "Runs", {{"href", "#runs"}});
}

void runs_key(Html& html, const RunsData& data) {
  std::vector<KeyEntry> entries;
  std::vector<std::string> styles;
  if (data.runs.size() <= kColouredRuns) {
    for (std::size_t i = 0; i < data.runs.size(); ++i) styles.push_back(run_style(data, i));
    for (std::size_t i = 0; i < data.runs.size(); ++i)
      entries.push_back({styles[i], data.runs[i].name});
  } else {
    entries = {{"run many", "a run"},
               {"l-op", "median of the runs"},
               {"run ends-low", "ends lowest"},
               {"run ends-high", "ends highest"}};
  }
  const bool incidents =
      std::ranges::any_of(data.signals, [](const auto& each) { return !each.incidents.empty(); });
  if (incidents) entries.push_back({"k-spike", "spike that runs share"});
  key(html, entries);
}

void undrawn_signals(Html& html, const RunsData& data, const RunsLayout& layout) {
  if (layout.lanes == data.signals.size()) return;
  TextTable table;
  table.caption = fmt::format("{} signals that are not drawn", data.signals.size() - layout.lanes);
  table.headers = {"signal", "runs", "common incidents"};
  for (std::size_t i = layout.lanes; i < data.signals.size() && table.rows.size() < 1000; ++i) {
    const OverlaidSignal& signal = data.signals[i];
    table.rows.push_back({signal.name, std::to_string(signal.lines.size()),
                          std::to_string(signal.incidents.size())});
  }
  html.leaf("p",
            fmt::format("The {} most telling signals are drawn; {} more find no room on one page.",
                        layout.lanes, data.signals.size() - layout.lanes),
            {{"class", "see"}});
  folded_table(html, table);
}

void lanes_panel(Html& html, const Scene& scene, const RunsData& data, const RunsLayout& layout) {
  const auto panel = html.element("section", {{"class", "panel timeline"}, {"id", "signals"}});
  if (data.signals.empty()) {
    panel_head(html, "Signals", "These runs have no signal that could be laid over each other.");
    return;
  }
  panel_head(html, "Signals",
             fmt::format("A lane for each signal, a line for each run, in at most {} columns that "
                         "keep the extremes.",
                         layout.columns));
  runs_key(html, data);
  html.leaf("div", "", {{"class", "tools"}});
  std::size_t first = 0;
  for (std::size_t i = 0; i < layout.lanes; ++i) {
    const auto lane = html.element("div", {{"class", "family"}});
    runs_lane(html, scene, data, i, first);
    axis_row(html, scene);
    first += data.signals[i].lines.size();
  }
  undrawn_signals(html, data, layout);
}

Json runs_records(const RunsData& data) {
  Json json = Json::object();
  json["headline"] = runs_headline(data);
  json["runs"] = Json::array();
  for (const OverlaidRun& run : data.runs) json["runs"].push_back(run.name);
  json["common_incidents"] = Json::array();
  for (const OverlaidSignal& signal : data.signals) {
    for (const auto& incident : signal.incidents) {
      Json one = incident;
      one["signal"] = signal.name;
      json["common_incidents"].push_back(std::move(one));
    }
  }
  return json;
}

}  // namespace

std::string runs_headline(const RunsData& data) {
  std::string words =
      data.headline.empty() ? fmt::format("{} runs", data.runs.size()) : data.headline;
  std::size_t all = 0;
  for (const OverlaidSignal& signal : data.signals) all += signal.incidents.size();
  std::string_view signal;
  const auto* surest = surest_incident(data, signal);
  if (surest == nullptr) return words + ".";
  return words + fmt::format(". {} {} to several runs, the surest at {} in {} of {} ({}, p = {}).",
                             count_text(all),
                             all == 1 ? "incident is common" : "incidents are common",
                             place_text(data.axis, surest->position), surest->runs, surest->covered,
                             signal, p_value_text(surest->p_value));
}

std::string render_runs(const RunsData& data) {
  const RunsLayout layout = runs_layout(data);
  const ReportData lines = runs_lines(data, layout);
  const Scene scene(lines, std::max<std::size_t>(1, layout.columns));
  Html html;
  html.raw("<!DOCTYPE html>\n");
  {
    const auto document = html.element("html", {{"lang", "en"}});
    page_head(html, clean_text(data.title) + " · runs laid over each other", data.program_version);
    const auto body = html.element("body");
    page_symbols(html);
    runs_header(html, data);
    {
      const auto main = html.element("main");
      axis_switch(html, scene);
      lanes_panel(html, scene, data, layout);
      common_incident_panel(html, scene, data, layout);
      across_panel(html, scene, data);
      settings_panel(html, data);
      runs_panel(html, data);
    }
    page_end(html, runs_records(data));
  }
  return html.take();
}

}  // namespace emdyn::report
