#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

constexpr std::size_t kOpenChanges = 8;    ///< Rows that stand open; the rest is folded.
constexpr std::size_t kMostRanked = 1000;  ///< For the sake of the page's size.
constexpr std::size_t kMostMirage = 12;

TextRow ranked_row(const Scene& scene, const RankedSignal& each) {
  const auto chance = [](const std::optional<double>& p) {
    return p ? p_value_text(*p) : std::string("–");
  };
  return {scene.label(each.signal),
          each.change,
          !each.onset ? std::string("–")
          : is_moment(scene.data.axis, each.onset->estimate)
              ? place_text(scene.data.axis, *each.onset)
              : NumberFormat{}.interval(*each.onset),
          each.bic_gain ? number_text(*each.bic_gain, 3) : std::string("–"),
          chance(each.p_value),
          chance(each.q_value)};
}

TextTable ranked_table(const Scene& scene, std::string caption) {
  TextTable table;
  table.caption = std::move(caption);
  table.headers = {"signal",   "change", fmt::format("at ({})", axis_label(scene.data.axis)),
                   "BIC gain", "p",      "q"};
  table.numeric_from = 3;
  return table;
}

void ranked_signals(Html& html, const Scene& scene, const AnalysisSummary& analysis) {
  const auto& signals = analysis.signals;
  const auto changed = static_cast<std::size_t>(
      std::ranges::count_if(signals, [](const RankedSignal& each) { return each.changed; }));
  const std::size_t open = std::min(changed, kOpenChanges);
  if (open > 0) {
    TextTable table =
        ranked_table(scene, "signals that changed suddenly, strongest evidence first");
    for (std::size_t i = 0; i < open; ++i) table.rows.push_back(ranked_row(scene, signals[i]));
    text_table(html, table);
  }
  if (open == signals.size()) return;
  const std::size_t most = std::min(signals.size(), kMostRanked);
  TextTable table = ranked_table(
      scene, most < signals.size()
                 ? fmt::format("the first {} of {} signals analysed", most, signals.size())
                 : fmt::format("all {} signals analysed, strongest evidence first", most));
  for (std::size_t i = 0; i < most; ++i) table.rows.push_back(ranked_row(scene, signals[i]));
  folded_table(html, table);
}

void mirage_findings(Html& html, const AnalysisSummary& analysis) {
  if (analysis.mirage.empty()) return;
  html.leaf("h3", "Is it the metric?");
  const auto list = html.element("ul", {{"class", "findings"}});
  const std::size_t shown = std::min(analysis.mirage.size(), kMostMirage);
  for (std::size_t i = 0; i < shown; ++i) {
    html.leaf("li", analysis.mirage[i].words);
  }
  if (shown < analysis.mirage.size())
    html.leaf("li", fmt::format("and {} more pairs of metrics", analysis.mirage.size() - shown));
}

void interaction_lane(Html& html, const Scene& scene, const InteractionTrack& track) {
  ReportSignal line;
  line.points.positions = track.positions;
  line.points.values = track.values;
  const Columns columns = reduce(line, scene.linear, 700);
  double low = columns.min, high = columns.max;
  for (const auto* band : {&track.band_low, &track.band_high}) {
    for (const double value : *band) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  Plot plot;
  plot.label = "total correlation";
  plot.y = padded_linear(low, high);
  plot.height_px = 96;
  plot.y_labels = true;
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    path(out, "b-null",
         band_path(track.positions, track.band_low, track.band_high, x, plot.y, height));
    const Columns drawn = reduce(line, x, 700);
    path(out, "l-op main", line_path(drawn, x, plot.y, height));
    path(out, "d-op", dot_path(drawn, x, plot.y, height, drawn.points > 60));
  };
  key(html, {{"l-op", "total correlation of a window that ends here"},
             {"b-null", fmt::format("{} of independent parts", percent_text(track.band_level))}});
  plot_row(html, scene,
           {"Total correlation", "in nats",
            columns.empty() ? "none" : plot.format.value(columns.last), ""},
           plot);
  axis_row(html, scene);
}

void acting_together_part(Html& html, const Scene& scene, const InteractionTrack& track) {
  html.leaf("h3", "When the parts act together");
  std::vector<std::string> names;
  for (const std::string& signal : track.signals) names.push_back(scene.label(signal));
  html.leaf(
      "p",
      fmt::format("{}. Recorded together: {}.", capitalised(track.words), fmt::join(names, ", ")),
      {{"class", "see"}});
  interaction_lane(html, scene, track);
  TextTable table;
  table.caption = fmt::format("total correlation in {} windows", track.positions.size());
  table.headers = {std::string(axis_label(scene.data.axis)), "nats", "band from", "to"};
  for (std::size_t i = 0; i < track.positions.size() && i < 200; ++i) {
    const auto number = [&](const std::vector<double>& list) {
      return i < list.size() && std::isfinite(list[i]) ? number_text(list[i]) : std::string("none");
    };
    table.rows.push_back({place_number(scene.data.axis, track.positions[i]), number(track.values),
                          number(track.band_low), number(track.band_high)});
  }
  folded_table(html, table);
}

}  // namespace

void changes_panel(Html& html, const Scene& scene) {
  const auto panel = html.element("section", {{"class", "panel timeline"}, {"id", "changes"}});
  if (!scene.data.analysis) {
    panel_head(html, "All signals", "Only the order parameter was analysed.");
    return;
  }
  const AnalysisSummary& analysis = *scene.data.analysis;
  std::string sentence = analysis.headline + ".";
  const bool any = std::ranges::any_of(analysis.signals, &RankedSignal::changed);
  if (any && !analysis.how.empty()) sentence += " " + capitalised(analysis.how) + ".";
  if (!analysis.rest.empty()) sentence += " " + capitalised(analysis.rest) + ".";
  panel_head(html, "All signals", sentence);
  ranked_signals(html, scene, analysis);
  mirage_findings(html, analysis);
  if (analysis.together) acting_together_part(html, scene, *analysis.together);
}

}  // namespace emdyn::report
