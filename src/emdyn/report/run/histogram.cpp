#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/chart/table.hpp"
#include "emdyn/report/run/panels.hpp"

namespace emdyn::report {
namespace {

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

}  // namespace

void histogram_panel(Html& html, const Scene& scene) {
  for (const Histogram& histogram : scene.data.histograms) one_histogram(html, histogram);
}

}  // namespace emdyn::report
