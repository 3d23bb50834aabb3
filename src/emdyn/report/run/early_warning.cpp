#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/run/panels.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

void indicator_lane(Html& html, const Scene& scene, const IndicatorTrack& warning) {
  ReportSignal line;
  line.points.positions = warning.positions;
  line.points.values = warning.values;
  const Columns columns = reduce(line, scene.linear, 700);
  double low = columns.min;
  double high = columns.max;
  for (const double value : warning.band_low)
    low = std::isfinite(value) ? std::min(low, value) : low;
  for (const double value : warning.band_high) {
    high = std::isfinite(value) ? std::max(high, value) : high;
  }
  Plot plot;
  std::string indicator = warning.indicator;
  std::replace(indicator.begin(), indicator.end(), '_', ' ');
  plot.label = indicator + " of " + scene.label(warning.signal);
  plot.y = padded_linear(low, high);
  plot.height_px = 56;
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    path(out, "b-null",
         band_path(warning.positions, warning.band_low, warning.band_high, x, plot.y, height));
    path(out, "l-ew main", line_path(reduce(line, x, 700), x, plot.y, height));
    path(out, "d-ew", dot_path(reduce(line, x, 700), x, plot.y, height, true));
  };
  RowText text{capitalised(indicator), "of " + scene.label(warning.signal), "", ""};
  if (warning.tau) text.last = "τ " + fixed_text(*warning.tau, 2);
  if (warning.p_value) text.last_note = "p = " + p_value_text(*warning.p_value);
  if (warning.q_value) text.last_note += ", corrected " + p_value_text(*warning.q_value);
  plot_row(html, scene, text, plot);
}

constexpr double kTrendLevel = 0.05;  ///< False discovery rate of the trends that are told.

/// Corrected for all that were looked at where it is known.
std::optional<double> trend_chance(const IndicatorTrack& warning) {
  return warning.q_value ? warning.q_value : warning.p_value;
}

bool trend_stands(const IndicatorTrack& warning) {
  const std::optional<double> chance = trend_chance(warning);
  return chance && *chance <= kTrendLevel && warning.tau.value_or(0.0) > 0.0;
}

std::string early_warning_words(const Scene& scene) {
  std::string rising;
  std::size_t count = 0;
  double smallest = 1.0;
  bool corrected = true;
  for (const IndicatorTrack& warning : scene.data.early_warning) {
    corrected = corrected && warning.q_value.has_value();
    smallest = std::min(smallest, trend_chance(warning).value_or(1.0));
    if (!trend_stands(warning)) continue;
    std::string name = warning.indicator;
    std::replace(name.begin(), name.end(), '_', ' ');
    rising += (count++ == 0 ? "" : ", ") + name + " of " + scene.label(warning.signal);
  }
  const std::size_t all = scene.data.early_warning.size();
  const std::string_view how =
      corrected ? "corrected for all that were looked at" : "not corrected for looking at several";
  if (count == 0) {
    return fmt::format(
        "None of the {} indicators rose more than chance allows (smallest p {}, {}).", all,
        p_value_text(smallest), how);
  }
  return fmt::format("{} of {} indicators rose more than chance allows (p ≤ {}, {}): {}.", count,
                     all, number_text(kTrendLevel), how, rising);
}

}  // namespace

void early_warning_panel(Html& html, const Scene& scene) {
  const auto panel =
      html.element("section", {{"class", "panel timeline"}, {"id", "early-warning"}});
  const auto& warnings = scene.data.early_warning;
  if (warnings.empty()) {
    const std::string& absence = scene.data.early_warning_absence;
    panel_head(html, "Early warning",
               absence.empty() ? "No early-warning indicators were computed."
                               : fmt::format("No early-warning indicators: {}.", absence));
    return;
  }
  panel_head(html, "Early warning", early_warning_words(scene));
  const std::string_view open = std::ranges::any_of(warnings, trend_stands) ? "open" : "";
  const auto folded = html.element("details", {{"class", "more"}, {"open", open}});
  html.leaf("summary", fmt::format("The {} indicators", warnings.size()));
  html.leaf("p",
            "The grey band holds what an indicator does when nothing is coming; τ is Kendall's "
            "correlation with position, p compares it with surrogates.",
            {{"class", "see"}});
  key(html, {{"l-ew", "indicator"}, {"b-null", "null band"}});
  TextTable table;
  table.caption = "early-warning indicators, each in at most 16 stretches";
  table.headers = signal_row_headers(scene);
  for (const IndicatorTrack& warning : warnings) {
    indicator_lane(html, scene, warning);
    ReportSignal line;
    line.points.name = warning.indicator + " of " + scene.label(warning.signal);
    line.points.positions = warning.positions;
    line.points.values = warning.values;
    add_signal_rows(table, scene, line.points.name, reduce(line, scene.linear, 700), NumberFormat{},
                    16);
  }
  axis_row(html, scene);
  folded_table(html, table);
}

}  // namespace emdyn::report
