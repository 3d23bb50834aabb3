#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/html/moment.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

using report::FittedTransition;
using report::ForecastTrack;
using report::ReportSignal;
using series::ForecastStatus;

constexpr std::size_t kHeroColumns = 1440;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The fitted curve as three sequences.
struct CurveLines {
  std::vector<double> positions, low, high;
  ReportSignal estimate;
};

CurveLines curve_lines(const FittedTransition* fitted) {
  CurveLines lines;
  if (fitted == nullptr) return lines;
  for (const report::CurvePoint& point : fitted->curve) {
    lines.positions.push_back(point.position);
    lines.low.push_back(point.value.low);
    lines.high.push_back(point.value.high);
    lines.estimate.points.positions.push_back(point.position);
    lines.estimate.points.values.push_back(point.value.estimate);
  }
  return lines;
}

AxisMap order_axis(const Columns& columns, const NumberFormat& format) {
  if (format.percent && columns.min >= 0.0 && columns.max <= 1.0) {
    return AxisMap(Scale::linear, -0.03, 1.03);
  }
  return padded_linear(columns.min, columns.max);
}

std::string drawn_words(const Columns& columns) {
  if (columns.drawn == columns.points - columns.nonfinite) {
    return fmt::format("All {} points are drawn", count_text(columns.points - columns.nonfinite));
  }
  return fmt::format("{} points drawn as {} columns, extremes kept", count_text(columns.points),
                     count_text(columns.drawn));
}

void order_table(Html& html, const Scene& scene, const Columns& columns) {
  TextTable table;
  table.caption = fmt::format("{}, {} points in at most 60 stretches",
                              scene.label(scene.order->points.name), count_text(columns.points));
  table.headers = signal_row_headers(scene);
  add_signal_rows(table, scene, scene.label(scene.order->points.name), columns,
                  scene.format(*scene.order), 60);
  folded_table(html, table);
}

void model_table(Html& html, const Scene& scene) {
  if (scene.transition == nullptr || scene.transition->models.empty()) return;
  auto models = scene.transition->models;
  std::stable_sort(models.begin(), models.end(),
                   [](const auto& a, const auto& b) { return a.bic < b.bic; });
  TextTable table;
  table.caption = fmt::format("the {} models compared, best first", models.size());
  table.headers = {"model", "parameters", "BIC", "worse than the best by"};
  for (const report::ComparedModel& model : models) {
    std::string name = model.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    table.rows.push_back({name, model.parameters > 0 ? std::to_string(model.parameters) : "unknown",
                          fixed_text(model.bic, 1), fixed_text(model.bic - models.front().bic, 1)});
  }
  folded_table(html, table);
}

void other_transitions(Html& html, const Scene& scene) {
  TextTable table;
  table.caption = "transitions of the other signals";
  table.headers = {"signal", "kind", "model", "onset", "evidence"};
  table.numeric_from = 5;
  for (const FittedTransition& fitted : scene.data.transitions) {
    if (&fitted == scene.transition) continue;
    const series::Transition& record = fitted.record;
    table.rows.push_back(
        {scene.label(record.order_parameter), std::string(series::word(record.kind)),
         model_words(record.model),
         record.onset ? place_text(scene.data.axis, *record.onset) : std::string("none"),
         evidence_words(scene, fitted)});
  }
  folded_table(html, table);
}

void order_plot(Html& html, const Scene& scene, const Columns& columns) {
  const ReportSignal& signal = *scene.order;
  const CurveLines curve = curve_lines(scene.transition);
  Plot plot;
  plot.label = scene.label(signal.points.name);
  plot.format = scene.format(signal);
  plot.y = order_axis(columns, plot.format);
  plot.height_px = 232;
  plot.y_labels = plot.onset_label = true;
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    path(out, "b-tr", band_path(curve.positions, curve.low, curve.high, x, plot.y, height));
    const Columns drawn = reduce(signal, x, kHeroColumns);
    path(out, "l-old", line_path(drawn, x, plot.y, height, true));
    path(out, "l-op main", line_path(drawn, x, plot.y, height));
    path(out, "d-op", dot_path(drawn, x, plot.y, height, drawn.points > 60));
    if (!curve.positions.empty()) {
      const Columns fitted = reduce(curve.estimate, x, kHeroColumns);
      path(out, "l-tr bold", line_path(fitted, x, plot.y, height));
    }
  };
  const std::string unit = plot.format.percent ? "in percent" : signal.unit;
  const RowText text{capitalised(plot.label), unit, plot.format.value(columns.last),
                     "at " + place_number(scene.data.axis, columns.last_at)};
  plot_row(html, scene, text, plot);
}

}  // namespace

void panel_head(Html& html, std::string_view title, std::string_view sentence) {
  html.leaf("h2", title);
  if (!sentence.empty()) html.leaf("p", sentence, {{"class", "see"}});
}

void order_parameter_panel(Html& html, const Scene& scene) {
  const auto panel =
      html.element("section", {{"class", "panel timeline"}, {"id", "order-parameter"}});
  if (scene.order == nullptr) {
    panel_head(html, "Order parameter",
               "No signals were recorded, so no order parameter is drawn.");
    return;
  }
  const Columns columns = reduce(*scene.order, scene.linear, kHeroColumns);
  std::string sentence =
      scene.transition ? evidence_words(scene, *scene.transition)
                       : "This signal was not examined for a transition; it is drawn as recorded.";
  if (columns.empty()) {
    panel_head(html, "Order parameter", sentence + " It has no finite value to draw.");
    return;
  }
  panel_head(html, "Order parameter", sentence + " " + drawn_words(columns) + ".");
  std::vector<KeyEntry> entries{{"l-op", scene.label(scene.order->points.name)}};
  if (scene.transition && !scene.transition->curve.empty()) {
    entries.push_back({"l-tr", "fitted transition"});
    entries.push_back({"b-tr", "its interval"});
  }
  if (scene.onset()) entries.push_back({"r-tr", "onset (10 % of the change)"});
  if (scene.data.forecast.crossed_at) entries.push_back({"r-fc", "forecast crosses its threshold"});
  key(html, entries);
  order_plot(html, scene, columns);
  axis_row(html, scene);
  model_table(html, scene);
  order_table(html, scene, columns);
  if (!scene.data.analysis) other_transitions(html, scene);
}

namespace {

struct ForecastLines {
  ReportSignal estimate, abstained;
  std::vector<double> positions, low, high;
};

ForecastLines forecast_lines(const ForecastTrack& track) {
  ForecastLines lines;
  for (const series::Forecast& forecast : track.forecasts) {
    const bool known = forecast.probability.has_value();
    lines.positions.push_back(forecast.at);
    lines.low.push_back(known ? forecast.probability->low : kNan);
    lines.high.push_back(known ? forecast.probability->high : kNan);
    lines.estimate.points.append(forecast.at, known ? forecast.probability->estimate : kNan);
    if (forecast.status == ForecastStatus::abstained) lines.abstained.points.append(forecast.at, 0);
  }
  return lines;
}

constexpr std::array<std::string_view, 4> kBaselineStyles{"l-base0", "l-base1", "l-base2",
                                                          "l-base3"};

void baseline_paths(Html& html, const ForecastTrack& track, const AxisMap& x, const AxisMap& y,
                    int height) {
  for (std::size_t i = 0; i < track.baselines.size(); ++i) {
    ReportSignal line;
    line.points.positions = track.baselines[i].positions;
    line.points.values = track.baselines[i].probabilities;
    path(html, kBaselineStyles[i % kBaselineStyles.size()],
         line_path(reduce(line, x, kHeroColumns), x, y, height));
  }
}

void forecast_plot(Html& html, const Scene& scene) {
  const ForecastTrack& track = scene.data.forecast;
  const ForecastLines lines = forecast_lines(track);
  Plot plot;
  plot.label = "forecast";
  plot.format.percent = true;
  plot.y = AxisMap(Scale::linear, -0.03, 1.03);
  plot.height_px = 184;
  plot.y_labels = plot.crossing_label = true;
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    baseline_paths(out, track, x, plot.y, height);
    path(out, "b-fc", band_path(lines.positions, lines.low, lines.high, x, plot.y, height));
    if (track.threshold) {
      const long y = std::lround(height * (1.0 - plot.y.fraction(*track.threshold)));
      path(out, "l-thr", fmt::format("M0 {}H{}", y, kViewWidth));
    }
    const Columns drawn = reduce(lines.estimate, x, kHeroColumns);
    path(out, "l-fc main", line_path(drawn, x, plot.y, height));
    path(out, "d-fc", dot_path(drawn, x, plot.y, height, drawn.points > 60));
    path(out, "d-abs", dot_path(reduce(lines.abstained, x, 350), x, plot.y, height, false));
  };
  plot.over = [&](Html& out) {
    if (!track.threshold) return;
    const double top = 100.0 * (1.0 - plot.y.fraction(*track.threshold));
    out.leaf("span", "threshold " + percent_text(*track.threshold),
             {{"class", "thr"}, {"style", fmt::format("top:{:.2f}%", top)}});
  };
  const auto known = std::find_if(track.forecasts.rbegin(), track.forecasts.rend(),
                                  [](const auto& one) { return one.probability.has_value(); });
  RowText text{"Probability of the target", "in percent", "", ""};
  if (known != track.forecasts.rend()) {
    text.last = percent_text(known->probability->estimate);
    text.last_note = "at " + place_number(scene.data.axis, known->at);
  }
  plot_row(html, scene, text, plot);
}

std::vector<KeyEntry> forecast_key(const ForecastTrack& track) {
  std::vector<KeyEntry> entries{{"l-fc", "forecast"}, {"b-fc", "its interval"}};
  if (track.threshold) entries.push_back({"l-thr", "threshold"});
  if (track.crossed_at) entries.push_back({"r-fc", "crossing"});
  for (std::size_t i = 0; i < track.baselines.size(); ++i) {
    entries.push_back({kBaselineStyles[i % kBaselineStyles.size()], track.baselines[i].name});
  }
  const bool abstained = std::any_of(track.forecasts.begin(), track.forecasts.end(), [](auto& one) {
    return one.status == ForecastStatus::abstained;
  });
  if (abstained) entries.push_back({"d-abs", "abstained"});
  return entries;
}

void forecast_table(Html& html, const Scene& scene) {
  constexpr std::size_t kRows = 200;
  const auto& forecasts = scene.data.forecast.forecasts;
  const std::size_t stride = (forecasts.size() + kRows - 1) / kRows;
  TextTable table;
  table.caption =
      stride <= 1 ? fmt::format("all {} forecasts", forecasts.size())
                  : fmt::format("every {}th of {} forecasts", stride, count_text(forecasts.size()));
  table.headers = {"seen up to", "probability", "interval", "status"};
  for (std::size_t i = 0; i < forecasts.size(); i += std::max<std::size_t>(1, stride)) {
    const series::Forecast& one = forecasts[i];
    const NumberFormat format{true, ""};
    table.rows.push_back(
        {place_number(scene.data.axis, one.at),
         one.probability ? percent_text(one.probability->estimate) : "none",
         one.probability ? format.range(one.probability->low, one.probability->high) : "none",
         one.status == ForecastStatus::already_past ? std::string("already past")
                                                    : std::string(series::word(one.status))});
  }
  folded_table(html, table);
}

}  // namespace

void forecast_panel(Html& html, const Scene& scene) {
  const auto panel = html.element("section", {{"class", "panel timeline"}, {"id", "forecast"}});
  panel_head(html, "Forecast", forecast_words(scene) + " " + forecast_detail(scene));
  const ForecastTrack& track = scene.data.forecast;
  const bool any = std::any_of(track.forecasts.begin(), track.forecasts.end(),
                               [](const auto& one) { return one.probability.has_value(); });
  if (any) {
    key(html, forecast_key(track));
    forecast_plot(html, scene);
    axis_row(html, scene);
  }
  forecast_table(html, scene);
}

}  // namespace emdyn::report
