#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <ctime>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/run/panels.hpp"

namespace emdyn::report {

namespace {

using report::ReportCosts;

std::string json_value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "none";
  if (value.is_number_integer()) return json_text(value);
  if (value.is_number()) return number_text(value.get<double>(), 6);
  return json_text(value);
}

/// What was recorded is shown whatever its form: a list by number, a single value by itself.
void add_json_rows(TextTable& table, const Json& recorded) {
  if (recorded.is_object() || recorded.is_array()) {
    std::size_t number = 0;
    for (const auto& [name, value] : recorded.items()) {
      table.rows.push_back(
          {recorded.is_array() ? std::to_string(++number) : name, json_value_text(value)});
    }
  } else if (!recorded.is_null()) {
    table.rows.push_back({"value", json_value_text(recorded)});
  }
}

std::string date_text(double seconds) {
  if (!(seconds > 0.0) || seconds > 253402300799.0) return "unknown";
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : text; }

void run_table(Html& html, const Scene& scene) {
  const series::RunInfo& info = scene.data.info;
  TextTable table;
  table.caption = "run";
  table.headers = {"what", "value"};
  table.numeric_from = 2;
  table.rows = {{"name", or_unknown(info.name)},
                {"id", or_unknown(info.id)},
                {"status", std::string(series::word(info.status))},
                {"created", date_text(info.created)},
                {"source", or_unknown(info.source)},
                {"seed", info.seed ? std::to_string(*info.seed) : "unknown"},
                {"code version", or_unknown(info.code_version)},
                {"report written by", "emdyn " + or_unknown(scene.data.program_version)}};
  std::string tags;
  for (const std::string& tag : info.tags) tags += (tags.empty() ? "" : ", ") + tag;
  if (!tags.empty()) table.rows.push_back({"tags", tags});
  text_table(html, table);
}

void json_table(Html& html, std::string_view caption, const Json& object,
                std::string_view absence) {
  TextTable table;
  table.caption = std::string(caption);
  table.headers = {"name", "value"};
  table.numeric_from = 2;
  add_json_rows(table, object);
  if (table.rows.empty()) {
    if (!absence.empty()) html.leaf("p", absence, {{"class", "see"}});
    return;
  }
  text_table(html, table);
}

std::uint64_t count_nonfinite(const Scene& scene) {
  std::uint64_t total = 0;
  for (const Columns& columns : scene.columns) total += columns.nonfinite;
  return total;
}

void cost_table(Html& html, const Scene& scene) {
  const ReportCosts& costs = scene.data.costs;
  const auto counted = [](const std::optional<std::uint64_t>& count) {
    return count ? count_text(*count) : std::string("not counted");
  };
  TextTable table;
  table.caption = "points and costs";
  table.headers = {"what", "value"};
  table.rows = {{"points stored", counted(costs.points_stored)},
                {"points dropped", counted(costs.points_dropped)},
                {"non-finite values",
                 count_text(costs.nonfinite ? *costs.nonfinite : count_nonfinite(scene))}};
  if (costs.wall_seconds) table.rows.push_back({"wall time", duration_text(*costs.wall_seconds)});
  if (costs.steps_per_second) {
    table.rows.push_back({"steps per second", number_text(*costs.steps_per_second, 3)});
  }
  table.rows.push_back(
      {"overhead of all probes", costs.overhead_percent
                                     ? number_text(*costs.overhead_percent, 2) + " % of wall time"
                                     : std::string("not measured")});
  text_table(html, table);
}

void probe_table(Html& html, const ReportCosts& costs) {
  if (costs.probes.empty()) {
    html.leaf("p", "No probe cost was recorded.", {{"class", "see"}});
    return;
  }
  TextTable table;
  table.caption = "cost of every probe";
  table.headers = {"probe", "calls", "total", "per call", "share of wall time"};
  for (const report::ShownProbeCost& probe : costs.probes) {
    const double calls = static_cast<double>(probe.calls);
    table.rows.push_back({probe.probe, count_text(probe.calls), duration_text(probe.seconds),
                          probe.calls > 0 ? duration_text(probe.seconds / calls) : "none",
                          probe.share_percent ? number_text(*probe.share_percent, 2) + " %"
                                              : std::string("not measured")});
  }
  text_table(html, table);
}

}  // namespace

void facts_panel(Html& html, const Scene& scene) {
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "facts"}});
  panel_head(html, "How this was made",
             "What is needed to repeat the run, what watching it cost, and what was lost.");
  for (const std::string& note : scene.data.notes) html.leaf("p", note, {{"class", "note"}});
  {
    const auto columns = html.element("div", {{"class", "columns"}});
    run_table(html, scene);
    cost_table(html, scene);
    json_table(html, "configuration", scene.data.info.configuration,
               "No configuration was recorded.");
    json_table(html, "machine", scene.data.info.machine, "No machine was recorded.");
  }
  probe_table(html, scene.data.costs);
  json_table(html, "notes of the run", scene.data.info.notes, "");
}

}  // namespace emdyn::report
