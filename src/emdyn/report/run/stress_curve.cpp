#include <fmt/format.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {
namespace {

constexpr std::size_t kCurveColumns = 700;

series::Axis axis_of(const series::StressCurve& curve) {
  try {
    return series::axis_from_word(curve.control_parameter);
  } catch (const DataError&) {
    return series::Axis::epsilon;
  }
}

/// The lines of one curve: measured with its interval, certified below, attacked above it.
struct Lines {
  ReportSignal value, certified, attacked;
  std::vector<double> positions, low, high;

  explicit Lines(const series::StressCurve& curve) {
    value.points.name = curve.order_parameter;
    value.points.axis = axis_of(curve);
    for (const auto& point : curve.points) {
      value.points.append(point.position, point.value.estimate);
      positions.push_back(point.position);
      low.push_back(point.value.low);
      high.push_back(point.value.high);
      if (point.certified) certified.points.append(point.position, *point.certified);
      if (point.attacked) attacked.points.append(point.position, *point.attacked);
    }
  }
};

TextTable curve_table(const series::StressCurve& curve) {
  TextTable table;
  table.caption = "points of the curve";
  table.headers = {curve.control_parameter, "value", "certified", "attacked"};
  const auto or_none = [](const std::optional<double>& value) {
    return value ? number_text(*value) : std::string("none");
  };
  for (const auto& point : curve.points) {
    table.rows.push_back({number_text(point.position), NumberFormat{}.interval(point.value),
                          or_none(point.certified), or_none(point.attacked)});
  }
  return table;
}

AxisMap value_axis(const Lines& lines, const NumberFormat& format, const Columns& columns) {
  if (format.percent) return AxisMap(Scale::linear, -0.03, 1.03);
  double least = columns.min;
  double most = columns.max;
  for (const double value : lines.low)
    least = std::isfinite(value) ? std::min(least, value) : least;
  for (const double value : lines.high) most = std::isfinite(value) ? std::max(most, value) : most;
  return padded_linear(least, most);
}

}  // namespace

void stress_curve_plot(Html& html, const series::StressCurve& curve,
                       const FittedTransition* fitted) {
  const Lines lines(curve);
  ReportData data;
  data.axis = axis_of(curve);
  data.signals.push_back(lines.value);
  data.order_parameter = curve.order_parameter;
  if (fitted != nullptr) data.transitions.push_back(*fitted);
  const Scene scene(data);
  Plot plot;
  plot.label = scene.label(curve.order_parameter);
  plot.format = scene.format(data.signals.front());
  plot.y = value_axis(lines, plot.format, scene.columns.front());
  plot.height_px = 184;
  plot.y_labels = plot.onset_label = true;
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    const auto draw = [&](std::string_view line, std::string_view dots,
                          const ReportSignal& signal) {
      const Columns drawn = reduce(signal, x, kCurveColumns);
      path(out, line, line_path(drawn, x, plot.y, height));
      path(out, dots, dot_path(drawn, x, plot.y, height, false));
    };
    path(out, "b-op", band_path(lines.positions, lines.low, lines.high, x, plot.y, height));
    draw("l-base2", "d-abs", lines.attacked);
    draw("l-tr", "d-lane", lines.certified);
    draw("l-op main", "d-op", lines.value);
  };
  std::vector<KeyEntry> entries{{"l-op", plot.label}, {"b-op", "its interval"}};
  if (!lines.attacked.points.values.empty())
    entries.push_back({"l-base2", "found by attacks: the truth is at or below"});
  if (!lines.certified.points.values.empty())
    entries.push_back({"l-tr", "certified: the truth is at or above"});
  if (scene.onset()) entries.push_back({"r-tr", "where it begins to break (10 % of the change)"});
  key(html, entries);
  plot_row(html, scene, {capitalised(plot.label), plot.format.percent ? "in percent" : "", "", ""},
           plot);
  axis_row(html, scene);
  folded_table(html, curve_table(curve));
}

void stress_panel(Html& html, const Scene& scene) {
  if (scene.data.stress.empty()) return;
  const auto panel = html.element("section", {{"class", "panel"}, {"id", "stress"}});
  panel_head(html, "Under stress",
             "How the order parameter holds when inputs turn hostile or strange; the band is its "
             "interval.");
  for (const series::StressCurve& curve : scene.data.stress) stress_curve_plot(html, curve);
}

}  // namespace emdyn::report
