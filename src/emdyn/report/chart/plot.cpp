#include "emdyn/report/chart/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/html/moment.hpp"

namespace emdyn::report {

namespace {

struct Ruled {
  double position;
  std::string_view css;
  std::string_view name;
  bool labelled;
  double width;  ///< Of its interval; 0 when it is exact.
};

std::vector<Ruled> rules_of(const Scene& scene, const Plot& plot) {
  std::vector<Ruled> rules;
  if (const series::Interval* onset = scene.onset(); onset && std::isfinite(onset->estimate)) {
    rules.push_back({onset->estimate, "r-tr", "onset", plot.onset_label, onset->high - onset->low});
  }
  if (const auto& crossed = scene.data.forecast.crossed_at; crossed && std::isfinite(*crossed)) {
    rules.push_back({*crossed, "r-fc", "forecast crosses", plot.crossing_label, 0.0});
  }
  return rules;
}

/// Ticks of the horizontal axis; of moments on round times.
std::vector<double> position_ticks(const Scene& scene, const AxisMap& x) {
  if (is_moment(scene.data.axis, x.low())) return moment_ticks(x.low(), x.high(), 6);
  return x.ticks(6);
}

/// The upright lines are a path of their own: a zoomed view draws them anew.
void grid(Html& html, const Scene& scene, const AxisMap& x, const std::vector<double>& y_ticks,
          const AxisMap& y, int height) {
  std::string upright, level;
  for (const double tick : position_ticks(scene, x)) {
    upright += fmt::format("M{} 0v{}", std::lround(kViewWidth * x.fraction(tick)), height);
  }
  for (const double tick : y_ticks) {
    level += fmt::format("M0 {}h{}", std::lround(height * (1.0 - y.fraction(tick))), kViewWidth);
  }
  path(html, "grid upright", upright);
  path(html, "grid", level);
}

void onset_band(Html& html, const Scene& scene, const AxisMap& x, int height) {
  const series::Interval* onset = scene.onset();
  if (onset == nullptr || !(onset->low <= onset->high)) return;
  const long left = std::lround(kViewWidth * x.fraction(onset->low));
  const long right = std::lround(kViewWidth * x.fraction(onset->high));
  path(html, "b-tr", fmt::format("M{} 0H{}V{}H{}z", left, right, height, left));
}

void draw_scale(Html& html, const Scene& scene, const Plot& plot, const AxisMap& x,
                const std::vector<double>& y_ticks) {
  const int height = 10 * plot.height_px;
  const bool linear = x.scale() == Scale::linear;
  const auto svg = html.element("svg", {{"class", linear ? "lin" : "log"},
                                        {"viewBox", fmt::format("0 0 {} {}", kViewWidth, height)},
                                        {"preserveAspectRatio", "none"},
                                        {"aria-hidden", "true"}});
  grid(html, scene, x, y_ticks, plot.y, height);
  onset_band(html, scene, x, height);
  for (const Ruled& rule : rules_of(scene, plot)) {
    path(html, rule.css,
         fmt::format("M{} 0v{}", std::lround(kViewWidth * x.fraction(rule.position)), height));
  }
  if (plot.marks) plot.marks(html, x, height);
}

void y_labels(Html& html, const Plot& plot, const std::vector<double>& ticks) {
  const std::vector<std::string> labels = tick_labels(ticks, plot.format.percent);
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const double top = 100.0 * (1.0 - plot.y.fraction(ticks[i]));
    html.leaf("span", labels[i], {{"class", "yt"}, {"style", fmt::format("top:{:.2f}%", top)}});
  }
}

void rule_labels(Html& html, const Scene& scene, const Plot& plot) {
  for (const Ruled& rule : rules_of(scene, plot)) {
    if (!rule.labelled) continue;
    const bool right = scene.linear.fraction(rule.position) > 0.6;
    const bool log_right = scene.logarithmic && scene.logarithmic->fraction(rule.position) > 0.6;
    html.leaf(
        "span",
        fmt::format("{} {}", rule.name,
                    rule.width > 0.0 && !is_moment(scene.data.axis, rule.position)
                        ? NumberFormat{}.estimate({rule.position - 0.5 * rule.width, rule.position,
                                                   rule.position + 0.5 * rule.width, 0.9})
                        : place_number(scene.data.axis, rule.position)),
        {{"class",
          fmt::format("rl {} {} {}", rule.css, right ? "ra" : "la", log_right ? "rb" : "lb")},
         {"style", at_style(scene, rule.position)}});
  }
}

void axis_labels(Html& html, const Scene& scene, const AxisMap& axis) {
  const std::vector<double> ticks = position_ticks(scene, axis);
  const bool linear = axis.scale() == Scale::linear;
  std::vector<std::string> labels;
  if (is_moment(scene.data.axis, axis.low())) {
    for (const double tick : ticks) labels.push_back(moment_text(tick, axis.high() - axis.low()));
  } else if (linear) {
    labels = tick_labels(ticks, false);
  } else {
    for (const double tick : ticks) labels.push_back(position_text(tick));
  }
  const auto row = html.element("div", {{"class", linear ? "xt lin" : "xt log"}});
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const double left = axis.fraction(ticks[i]);
    const std::string_view edge = left < 0.04 ? " start" : left > 0.96 ? " end" : "";
    html.leaf("span", labels[i],
              {{"class", fmt::format("{}{}", i % 2 == 0 ? "even" : "odd", edge)},
               {"style", fmt::format("left:{:.2f}%", 100.0 * left)}});
  }
}

}  // namespace

void path(Html& html, std::string_view css, const std::string& data) {
  if (!data.empty()) html.single("path", {{"class", css}, {"d", data}});
}

std::string at_style(const Scene& scene, double position) {
  const double linear = scene.linear.fraction(position);
  const double log = scene.logarithmic ? scene.logarithmic->fraction(position) : linear;
  return fmt::format("--a:{:.2f}%;--b:{:.2f}%", 100.0 * linear, 100.0 * log);
}

void plot_row(Html& html, const Scene& scene, const RowText& text, const Plot& plot) {
  const auto row = html.element("div", {{"class", "row"}, {"id", plot.id}});
  {
    const auto name = html.element("div", {{"class", "name"}});
    html.leaf("b", text.name);
    if (!text.note.empty()) html.leaf("small", text.note);
  }
  {
    const auto area =
        html.element("div", {{"class", plot.y_labels ? "plot tall" : "plot"},
                             {"style", fmt::format("--h:{}px", plot.height_px)},
                             {"data-label", plot.label},
                             {"data-low", fmt::format("{:.9g}", plot.y.low())},
                             {"data-high", fmt::format("{:.9g}", plot.y.high())},
                             {"data-scale", plot.y.scale() == Scale::linear ? "" : "log"},
                             {"data-percent", plot.format.percent ? "1" : ""}});
    const std::vector<double> ticks = plot.y_labels ? plot.y.ticks(4) : std::vector<double>{};
    {
      // What lies outside a zoomed view is cut off at the sides of this frame, and only there.
      const auto view = html.element("div", {{"class", "view"}});
      const auto content = html.element("div");
      draw_scale(html, scene, plot, scene.linear, ticks);
      if (scene.logarithmic) draw_scale(html, scene, plot, *scene.logarithmic, ticks);
      rule_labels(html, scene, plot);
      if (plot.over) plot.over(html);
    }
    y_labels(html, plot, ticks);
  }
  const auto last = html.element("div", {{"class", "last"}});
  html.leaf("b", text.last);
  if (!text.last_note.empty()) html.leaf("small", text.last_note);
}

void axis_row(Html& html, const Scene& scene) {
  const auto row = html.element("div", {{"class", "row axis"}});
  html.leaf("div", "", {{"class", "name"}});
  const auto ticks = html.element("div", {{"class", "xaxis"}});
  axis_labels(html, scene, scene.linear);
  if (scene.logarithmic) axis_labels(html, scene, *scene.logarithmic);
  const auto label = html.element("div", {{"class", "xlabel"}});
  html.text(is_moment(scene.data.axis, scene.linear.low()) ? "time (UTC)"
                                                           : axis_label(scene.data.axis));
  if (scene.logarithmic) html.leaf("span", " (logarithmic)", {{"class", "log"}});
}

void key(Html& html, const std::vector<KeyEntry>& entries) {
  if (entries.empty()) return;
  const auto list = html.element("ul", {{"class", "key"}});
  for (const KeyEntry& entry : entries) {
    const auto item = html.element("li");
    if (entry.mark.substr(0, 2) == "k-") {
      const auto svg = html.element("svg", {{"class", entry.mark}, {"viewBox", "0 0 12 12"}});
      html.single("use", {{"href", fmt::format("#{}", entry.mark)}});
    } else {
      const auto svg = html.element(
          "svg", {{"class", "sample"}, {"viewBox", "0 0 26 12"}, {"aria-hidden", "true"}});
      const bool band = entry.mark.substr(0, 2) == "b-";
      const bool upright = entry.mark.substr(0, 2) == "r-";
      const bool dot = entry.mark.substr(0, 2) == "d-";
      path(html, entry.mark,
           band      ? "M0 1H26V11H0z"
           : upright ? "M13 0V12"
           : dot     ? "M6 6h0M13 6h0M20 6h0"
                     : "M0 6H26");
    }
    html.text(entry.words);
  }
}

}  // namespace emdyn::report
