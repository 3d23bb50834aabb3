#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/run/panels.hpp"

namespace emdyn::report {
namespace {

/// All runs' order parameters on one axis, this run's first.
ReportData comparison_data(const Scene& scene) {
  ReportData data;
  data.axis = scene.data.axis;
  if (scene.order) data.signals.push_back(*scene.order);
  for (const ComparedRun& run : scene.data.compared) data.signals.push_back(run.order_parameter);
  return data;
}

void comparison_lane(Html& html, const Scene& scene, const ReportSignal& signal,
                     const std::string& name, const AxisMap& y) {
  const Columns& columns = scene.columns_of(signal);
  Plot plot;
  plot.label = name;
  plot.format = scene.format(signal);
  plot.y = y;
  plot.height_px = 56;
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    const Columns drawn = reduce(signal, x, 700);
    path(out, "l-op main", line_path(drawn, x, y, height));
    path(out, "d-op", dot_path(drawn, x, y, height, drawn.points > 60));
  };
  const RowText text{name, scene.label(signal.points.name),
                     columns.empty() ? "none" : plot.format.value(columns.last), ""};
  plot_row(html, scene, text, plot);
}

TextRow comparison_row(const Scene& scene, const std::string& name,
                       const std::optional<series::Transition>& transition,
                       const std::optional<double>& crossed_at) {
  const bool found = transition && transition->kind != series::TransitionKind::none;
  return {name,
          found        ? std::string(series::word(transition->kind))
          : transition ? std::string("no transition found")
                       : std::string("not examined"),
          found && transition->onset ? place_text(scene.data.axis, *transition->onset) : "none",
          crossed_at ? scene.place(*crossed_at) : "never"};
}

/// Settings in which the runs differ.
void configuration_differences(Html& html, const Scene& scene) {
  std::set<std::string> names;
  std::vector<std::pair<std::string, const Json*>> runs;
  runs.emplace_back("this run", &scene.data.info.configuration);
  for (const ComparedRun& run : scene.data.compared)
    runs.emplace_back(run.name, &run.configuration);
  for (const auto& [run, configuration] : runs) {
    if (!configuration->is_object()) continue;
    for (const auto& [name, value] : configuration->items()) names.insert(name);
  }
  TextTable table;
  table.caption = "settings in which the runs differ";
  table.headers = {"setting"};
  for (const auto& [run, configuration] : runs) table.headers.push_back(run);
  for (const std::string& name : names) {
    TextRow row{name};
    std::set<std::string> values;
    for (const auto& [run, configuration] : runs) {
      const bool has = configuration->is_object() && configuration->contains(name);
      row.push_back(has ? json_text((*configuration)[name]) : "none");
      values.insert(row.back());
    }
    if (values.size() > 1) table.rows.push_back(std::move(row));
  }
  if (!table.rows.empty()) text_table(html, table);
}

}  // namespace

void comparison_panel(Html& html, const Scene& scene) {
  if (scene.data.compared.empty()) return;
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "comparison"}});
  const ReportData local_data = comparison_data(scene);
  const Scene local(local_data);
  Columns all;
  bool any = false;
  for (const ReportSignal& signal : local_data.signals) {
    const Columns& columns = local.columns_of(signal);
    if (columns.empty()) continue;
    all.min = any ? std::min(all.min, columns.min) : columns.min;
    all.max = any ? std::max(all.max, columns.max) : columns.max;
    any = true;
  }
  const AxisMap y = padded_linear(all.min, all.max);
  std::size_t found = 0;
  TextTable table;
  table.caption = "runs beside each other";
  table.headers = {"run", "transition", "onset", "forecast crossed"};
  table.numeric_from = 4;
  std::optional<series::Transition> own;
  if (scene.transition) own = scene.transition->record;
  table.rows.push_back(comparison_row(scene, "this run", own, scene.data.forecast.crossed_at));
  for (const ComparedRun& run : scene.data.compared) {
    found += run.transition && run.transition->kind != series::TransitionKind::none ? 1U : 0U;
    table.rows.push_back(comparison_row(scene, run.name, run.transition, run.crossed_at));
  }
  panel_head(html, "Beside other runs",
             fmt::format("{} of the {} other runs show a transition. All lanes share one scale.",
                         found, scene.data.compared.size()));
  std::size_t next = 0;
  if (scene.order) comparison_lane(html, local, local_data.signals[next++], "this run", y);
  for (const ComparedRun& run : scene.data.compared) {
    comparison_lane(html, local, local_data.signals[next++], run.name, y);
  }
  axis_row(html, local);
  text_table(html, table);
  configuration_differences(html, scene);
}

}  // namespace emdyn::report
