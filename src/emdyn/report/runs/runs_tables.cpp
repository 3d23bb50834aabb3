#include "emdyn/report/runs/runs_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/html/number.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/runs/runs_lanes.hpp"

namespace emdyn::report {

namespace {

constexpr std::size_t kOpenCommon = 20;  ///< Rows; the rest is folded away.
constexpr std::size_t kNamedRuns = 3;
constexpr std::size_t kMostSettings = 40;

void common_row(Html& html, const Scene& scene, const OverlaidSignal& signal, std::size_t number,
                std::size_t which, bool drawn) {
  const auto& incident = signal.incidents[which];
  const auto row = html.element("tr", {{"id", fmt::format("c{}-{}", number, which)}});
  {
    const auto cell = html.element("th", {{"scope", "row"}});
    if (drawn) {
      html.leaf("a", scene.place(incident.position),
                {{"href", fmt::format("#t{}-{}", number, which)}});
    } else {
      html.text(scene.place(incident.position));
    }
  }
  html.leaf("td", fmt::format("{} of {}", incident.runs, incident.covered), {{"class", "n"}});
  html.leaf("td", fixed_text(incident.deviation, 1), {{"class", "n"}});
  html.leaf("td", p_value_text(incident.p_value), {{"class", "n"}});
  const std::size_t named = std::min(kNamedRuns, incident.names.size());
  std::string names;
  for (std::size_t i = 0; i < named; ++i)
    names += (i == 0 ? "" : ", ") + short_name(incident.names[i]);
  if (incident.names.size() > named)
    names += fmt::format(" and {} more", incident.names.size() - named);
  html.leaf("td", names);
}

void common_rows(Html& html, const Scene& scene, const OverlaidSignal& signal, std::size_t number,
                 std::size_t from, std::size_t to, bool drawn) {
  const auto frame = html.element("div", {{"class", "scroll"},
                                          {"tabindex", "0"},
                                          {"role", "region"},
                                          {"aria-label", "common incidents"}});
  const auto table = html.element("table");
  html.leaf("caption", fmt::format("common incidents of {}", scene.label(signal.name)));
  {
    const auto head = html.element("thead");
    const auto row = html.element("tr");
    for (const std::string_view title : {"place", "runs", "deviations", "p", "among them"}) {
      const bool number_column = title == "runs" || title == "deviations" || title == "p";
      html.leaf("th", title, {{"scope", "col"}, {"class", number_column ? "n" : ""}});
    }
  }
  const auto body = html.element("tbody");
  for (std::size_t i = from; i < to; ++i) common_row(html, scene, signal, number, i, drawn);
}

std::string setting_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

/// Settings of each run: its configuration, with the seed and the version of the code.
std::vector<std::map<std::string, std::string>> settings_of(const RunsData& data) {
  std::vector<std::map<std::string, std::string>> all;
  for (const OverlaidRun& run : data.runs) {
    auto& settings = all.emplace_back();
    if (run.info.configuration.is_object()) {
      for (const auto& [name, value] : run.info.configuration.items())
        settings[name] = setting_text(value);
    }
    if (run.info.seed) settings.try_emplace("seed", std::to_string(*run.info.seed));
    if (!run.info.code_version.empty()) settings.try_emplace("code version", run.info.code_version);
  }
  return all;
}

}  // namespace

void common_incident_panel(Html& html, const Scene& scene, const RunsData& data,
                           const RunsLayout& layout) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "incidents"}});
  std::size_t all = 0;
  for (const OverlaidSignal& signal : data.signals) all += signal.incidents.size();
  if (all == 0) {
    panel_head(html, "Common incidents",
               data.runs.size() < 3
                   ? "Incidents that runs share are looked for in three runs or more."
                   : "No positions at which more runs spike than chance would have.");
    return;
  }
  panel_head(html, "Common incidents",
             fmt::format("{} {} at which more runs spike than chance would have: the same batch of "
                         "data, or the same hour of a bad machine. p compares with shifts of each "
                         "run's spikes by an amount of its own and holds for all positions "
                         "together; runs that share a seed are not independent.",
                         count_text(all), all == 1 ? "place" : "places"));
  for (std::size_t i = 0; i < data.signals.size(); ++i) {
    const OverlaidSignal& signal = data.signals[i];
    if (signal.incidents.empty()) continue;
    html.leaf("h3", scene.label(signal.name));
    const std::size_t most = std::min(signal.incidents.size(), kMostIncidents);
    const std::size_t open = std::min(most, kOpenCommon);
    const bool drawn = i < layout.lanes;
    common_rows(html, scene, signal, i, 0, open, drawn);
    if (open == most) continue;
    const auto details = html.element("details");
    html.leaf("summary",
              most < signal.incidents.size()
                  ? fmt::format("The next {} of {}", most - open, signal.incidents.size())
                  : fmt::format("{} more", most - open));
    common_rows(html, scene, signal, i, open, most, drawn);
  }
}

void across_panel(Html& html, const Scene& scene, const RunsData& data) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "across"}});
  panel_head(html, "What changed, and where the runs end",
             data.headline + "." + (data.how.empty() ? "" : " " + data.how + "."));
  TextTable changes;
  changes.caption = "signals that changed suddenly, in most runs first";
  changes.headers = {"signal", "runs", "commonest change", "median onset (range)", "smallest q"};
  changes.numeric_from = 5;
  for (const AcrossRow& row : data.across) {
    if (row.changed == 0 || changes.rows.size() == 200) continue;
    changes.rows.push_back({scene.label(row.signal), fmt::format("{} of {}", row.changed, row.runs),
                            row.change, row.onset, row.q_value ? p_value_text(*row.q_value) : "–"});
  }
  if (!changes.rows.empty()) text_table(html, changes);
  TextTable ends;
  ends.caption = "where the runs end (median of the last tenth), furthest apart first";
  ends.headers = {"signal", "lowest", "in", "median", "highest", "in"};
  ends.numeric_from = 6;
  for (const EndsRow& row : data.ends) {
    if (ends.rows.size() == 200) break;
    const auto text = [&](double value) { return number_text(value, 4); };
    ends.rows.push_back({scene.label(row.signal), text(row.lowest), short_name(row.lowest_run),
                         text(row.median), text(row.highest), short_name(row.highest_run)});
  }
  if (!ends.rows.empty()) text_table(html, ends);
}

void settings_panel(Html& html, const RunsData& data) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "settings"}});
  const auto settings = settings_of(data);
  std::map<std::string, std::set<std::string>> values;
  for (const auto& run : settings) {
    for (const auto& [name, value] : run) values[name].insert(value);
  }
  // A setting that some runs lack differs too.
  for (auto& [name, different] : values) {
    for (const auto& run : settings) {
      if (!run.contains(name)) different.insert("");
    }
  }
  std::vector<std::string> differing;
  for (const auto& [name, different] : values) {
    if (different.size() > 1) differing.push_back(name);
  }
  if (values.empty()) {
    panel_head(html, "Settings that differ", "No configuration was recorded with these runs.");
    return;
  }
  panel_head(html, "Settings that differ",
             differing.empty()
                 ? fmt::format("All {} settings are equal in all runs.", values.size())
                 : fmt::format("{} of {} settings differ.", differing.size(), values.size()));
  if (differing.empty()) return;
  const bool cut = differing.size() > kMostSettings;
  if (cut) differing.resize(kMostSettings);
  TextTable table;
  table.caption = cut ? fmt::format("the first {} settings that differ", kMostSettings)
                      : std::string("settings in which the runs differ");
  table.headers = {"run"};
  table.headers.insert(table.headers.end(), differing.begin(), differing.end());
  table.numeric_from = table.headers.size();
  for (std::size_t i = 0; i < settings.size(); ++i) {
    TextRow row{data.runs[i].name};
    for (const std::string& name : differing) {
      const auto found = settings[i].find(name);
      row.push_back(found == settings[i].end() ? "–" : found->second);
    }
    table.rows.push_back(std::move(row));
  }
  text_table(html, table);
}

void runs_panel(Html& html, const RunsData& data) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "runs"}});
  panel_head(html, "Runs", fmt::format("{} runs, in the order they were given.", data.runs.size()));
  const auto frame = html.element(
      "div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "runs"}});
  const auto table = html.element("table");
  html.leaf("caption", "runs");
  {
    const auto head = html.element("thead");
    const auto row = html.element("tr");
    for (const std::string_view title : {"run", "points", "what it did"})
      html.leaf("th", title, {{"scope", "col"}, {"class", title == "points" ? "n" : ""}});
  }
  const auto body = html.element("tbody");
  for (std::size_t i = 0; i < data.runs.size(); ++i) {
    const OverlaidRun& run = data.runs[i];
    const auto row = html.element("tr", {{"id", fmt::format("run{}", i)}});
    html.leaf("th", run.name, {{"scope", "row"}});
    html.leaf("td", count_text(run.points), {{"class", "n"}});
    html.leaf("td", run.change);
  }
}

}  // namespace emdyn::report
