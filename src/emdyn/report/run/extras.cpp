#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

using report::ComparedRun;
using report::Histogram;
using report::ReportData;
using report::ReportSignal;

std::string bars_path(const Histogram& histogram, const AxisMap& x, double tallest, int height) {
  std::string bars;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    if (histogram.counts[i] == 0) continue;
    const long left = std::lround(kViewWidth * x.fraction(histogram.edges[i]));
    const long right = std::lround(kViewWidth * x.fraction(histogram.edges[i + 1]));
    const double share = static_cast<double>(histogram.counts[i]) / tallest;
    const long top = std::lround(height * (1.0 - 0.92 * share));
    bars += fmt::format("M{} {}V{}H{}V{}z", left, height, top, std::max(left + 1, right), height);
  }
  return bars;
}

std::string histogram_words(const Histogram& histogram) {
  std::uint64_t total = 0;
  for (const std::uint64_t count : histogram.counts) total += count;
  std::string words = fmt::format("{} values around {} with σ = {}.", count_text(total),
                                  number_text(histogram.mean), number_text(histogram.sigma));
  for (std::size_t i = 0; i < std::min(histogram.marks.size(), histogram.beyond.size()); ++i) {
    const double k = histogram.marks[i];
    words +=
        fmt::format(" Beyond ±{}σ lie {} (a normal distribution: {}).", number_text(k),
                    percent_text(histogram.beyond[i]), percent_text(std::erfc(k / std::sqrt(2.0))));
  }
  return words;
}

void sigma_labels(Html& html, const Histogram& histogram, const AxisMap& x) {
  for (const double k : histogram.marks) {
    for (const double sign : {-1.0, 1.0}) {
      const double at = histogram.mean + sign * k * histogram.sigma;
      if (at < x.low() || at > x.high()) continue;
      html.leaf("span", fmt::format("{}{}σ", sign < 0 ? "−" : "+", number_text(k)),
                {{"class", "sg"}, {"style", fmt::format("left:{:.2f}%", 100.0 * x.fraction(at))}});
    }
  }
}

void histogram_plot(Html& html, const Histogram& histogram, const AxisMap& x, double tallest) {
  constexpr int kHeight = 1600;
  const auto row = html.element("div", {{"class", "row"}});
  {
    const auto name = html.element("div", {{"class", "name"}});
    html.leaf("b", "Values per bin");
    html.leaf("small", "at most " + number_text(tallest, 6));
  }
  const auto area = html.element("div", {{"class", "plot still"}, {"style", "height:160px"}});
  {
    const auto svg =
        html.element("svg", {{"viewBox", fmt::format("0 0 {} {}", kViewWidth, kHeight)},
                             {"preserveAspectRatio", "none"},
                             {"aria-hidden", "true"}});
    path(html, "bins", bars_path(histogram, x, tallest, kHeight));
    std::string marks;
    for (const double k : histogram.marks) {
      for (const double sign : {-1.0, 1.0}) {
        const double at = histogram.mean + sign * k * histogram.sigma;
        if (at < x.low() || at > x.high()) continue;
        marks += fmt::format("M{} 0v{}", std::lround(kViewWidth * x.fraction(at)), kHeight);
      }
    }
    path(html, "r-al", marks);
  }
  sigma_labels(html, histogram, x);
}

void histogram_axis(Html& html, const Histogram& histogram, const AxisMap& x) {
  const auto row = html.element("div", {{"class", "row axis"}});
  html.leaf("div", "", {{"class", "name"}});
  const auto area = html.element("div", {{"class", "xaxis"}});
  {
    const std::vector<double> ticks = x.ticks(6);
    const std::vector<std::string> labels = tick_labels(ticks, false);
    const auto line = html.element("div", {{"class", "xt"}});
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const double left = x.fraction(ticks[i]);
      const std::string_view edge = left < 0.04 ? "start" : left > 0.96 ? "end" : "";
      html.leaf("span", labels[i],
                {{"class", edge}, {"style", fmt::format("left:{:.2f}%", 100.0 * left)}});
    }
  }
  html.leaf("div", histogram.quantity, {{"class", "xlabel"}});
}

void one_histogram(Html& html, const Histogram& histogram) {
  const auto panel = html.element("section", {{"class", "panel"}});
  const bool usable = histogram.edges.size() == histogram.counts.size() + 1 &&
                      histogram.edges.size() >= 2 &&
                      histogram.edges.front() < histogram.edges.back();
  const std::string title = histogram.title.empty() ? "Distribution" : histogram.title;
  if (!usable) {
    panel_head(html, title, "This distribution holds no values to draw.");
    return;
  }
  panel_head(html, title, histogram_words(histogram));
  const AxisMap x(Scale::linear, histogram.edges.front(), histogram.edges.back());
  const auto tallest = std::max<std::uint64_t>(
      1, *std::max_element(histogram.counts.begin(), histogram.counts.end()));
  histogram_plot(html, histogram, x, static_cast<double>(tallest));
  histogram_axis(html, histogram, x);
  TextTable table;
  table.caption = fmt::format("{} bins", histogram.counts.size());
  table.headers = {"from", "to", "values"};
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    table.rows.push_back({number_text(histogram.edges[i], 4),
                          number_text(histogram.edges[i + 1], 4), count_text(histogram.counts[i])});
  }
  folded_table(html, table);
}

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

void histogram_panel(Html& html, const Scene& scene) {
  for (const Histogram& histogram : scene.data.histograms) one_histogram(html, histogram);
}

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

namespace {

void one_stress_curve(Html& html, const series::StressCurve& curve) {
  ReportData data;
  ReportSignal line;
  line.points.name = curve.order_parameter;
  std::vector<double> positions, low, high;
  TextTable table;
  table.caption = "points of the curve";
  table.headers = {curve.control_parameter, "value", "certified", "attacked"};
  for (const auto& point : curve.points) {
    line.points.positions.push_back(point.position);
    line.points.values.push_back(point.value.estimate);
    positions.push_back(point.position);
    low.push_back(point.value.low);
    high.push_back(point.value.high);
    table.rows.push_back({number_text(point.position), NumberFormat{}.interval(point.value),
                          point.certified ? number_text(*point.certified) : "none",
                          point.attacked ? number_text(*point.attacked) : "none"});
  }
  try {
    data.axis = series::axis_from_word(curve.control_parameter);
  } catch (const DataError&) {
    data.axis = series::Axis::epsilon;
  }
  line.points.axis = data.axis;
  data.signals.push_back(line);
  const Scene scene(data);
  Plot plot;
  plot.label = scene.label(curve.order_parameter);
  plot.format = scene.format(data.signals.front());
  const Columns& columns = scene.columns.front();
  plot.y = plot.format.percent ? AxisMap(Scale::linear, -0.03, 1.03)
                               : padded_linear(columns.min, columns.max);
  plot.height_px = 184;
  plot.y_labels = true;
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    path(out, "b-op", band_path(positions, low, high, x, plot.y, height));
    const Columns drawn = reduce(line, x, 700);
    path(out, "l-op main", line_path(drawn, x, plot.y, height));
    path(out, "d-op", dot_path(drawn, x, plot.y, height, false));
  };
  plot_row(html, scene, {capitalised(plot.label), "", "", ""}, plot);
  axis_row(html, scene);
  folded_table(html, table);
}

}  // namespace

void stress_panel(Html& html, const Scene& scene) {
  if (scene.data.stress.empty()) return;
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "stress"}});
  panel_head(html, "Under stress",
             "How the order parameter holds when inputs turn hostile or strange; the band is its "
             "interval.");
  for (const series::StressCurve& curve : scene.data.stress) one_stress_curve(html, curve);
}

}  // namespace emdyn::report
