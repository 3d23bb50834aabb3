#include "emdyn/report/runs/runs_lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/plot.hpp"
#include "emdyn/report/html/html.hpp"
#include "emdyn/report/run/words.hpp"

namespace emdyn::report {

namespace {

// Two scales of some sixteen bytes a column make about two megabytes.
constexpr std::size_t kColumnBudget = 64000;
constexpr std::array<std::size_t, 5> kLineColumns{700, 350, 180, 100, 60};
constexpr std::size_t kMostLanes = 120;

std::size_t size_of(const OverlaidLine& line, std::size_t columns) {
  const std::size_t points =
      line.signal.overview.empty() ? line.signal.points.size() : line.signal.overview.size();
  return std::min(points, columns);
}

/// The mean of each column that has points, by its number.
std::map<std::size_t, double> column_means(const Columns& line, const AxisMap& axis,
                                           std::size_t columns) {
  std::map<std::size_t, double> means;
  for (const Stroke& stroke : line.strokes) {
    if (stroke.superseded) continue;
    for (const Bucket& bucket : stroke.columns) {
      const double share = axis.fraction(bucket.first_position);
      const auto number =
          std::min(columns - 1, static_cast<std::size_t>(share * static_cast<double>(columns)));
      const double mean = bucket.sum / static_cast<double>(bucket.count);
      means[number] = std::isfinite(mean) ? mean : bucket.last;
    }
  }
  return means;
}

double column_position(const AxisMap& axis, std::size_t column, std::size_t columns) {
  const double share = (static_cast<double>(column) + 0.5) / static_cast<double>(columns);
  if (axis.scale() == Scale::linear) return axis.low() + share * (axis.high() - axis.low());
  return axis.low() * std::pow(axis.high() / axis.low(), share);
}

/// Values of all runs by column: {value, index of its line}, ascending.
using ByColumn = std::map<std::size_t, std::vector<std::pair<double, std::size_t>>>;

ByColumn by_column(const std::vector<const Columns*>& lines, const AxisMap& axis,
                   std::size_t columns) {
  ByColumn all;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const auto& [column, mean] : column_means(*lines[i], axis, columns))
      all[column].emplace_back(mean, i);
  }
  for (auto& [column, values] : all) std::ranges::sort(values);
  return all;
}

struct EndOfLine {
  double value;
  std::size_t line;
};

/// Lines by where they end, lowest first: the median of the last tenth of their columns, since one
/// noisy value is no end. Those without a value are left out.
std::vector<EndOfLine> line_ends(const std::vector<const Columns*>& lines, const AxisMap& axis,
                                 std::size_t columns) {
  std::vector<EndOfLine> ends;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<double> tail;
    for (const auto& [column, mean] : column_means(*lines[i], axis, columns)) tail.push_back(mean);
    if (tail.empty()) continue;
    const std::size_t kept = std::max<std::size_t>(1, tail.size() / 10);
    tail.erase(tail.begin(), tail.end() - static_cast<std::ptrdiff_t>(kept));
    std::ranges::sort(tail);
    ends.push_back({tail[tail.size() / 2], i});
  }
  std::ranges::stable_sort(ends, {}, &EndOfLine::value);
  return ends;
}

/// The vertical scale of a lane, and the greatest value where it lies beyond it.
struct LaneScale {
  AxisMap y;
  std::optional<double> beyond{};
};

/// The first steps of a training, or one wild spike, would press everything else flat: where the
/// greatest value lies far beyond 98 in 100 columns the scale ends above those, and what is beyond is
/// drawn at the edge and told.
LaneScale lane_scale(const std::vector<const Columns*>& lines) {
  std::vector<double> tops;
  double low = 0.0, high = 0.0;
  for (const Columns* line : lines) {
    if (line->empty()) continue;
    low = tops.empty() ? line->min : std::min(low, line->min);
    high = tops.empty() ? line->max : std::max(high, line->max);
    for (const Stroke& stroke : line->strokes) {
      for (const Bucket& bucket : stroke.columns) tops.push_back(bucket.max);
    }
  }
  if (tops.empty()) return {padded_linear(low, high), {}};
  const auto usual = tops.begin() + static_cast<std::ptrdiff_t>(tops.size() * 98 / 100);
  std::nth_element(tops.begin(), usual, tops.end());
  if (*usual > low && high - low > 2.0 * (*usual - low)) return {padded_linear(low, *usual), high};
  if (low > 0.0 && high > 300.0 * low)
    return {AxisMap(Scale::logarithmic, 0.8 * low, std::min(1.25 * high, 1e308)), {}};
  return {padded_linear(low, high), {}};
}

void incident_ticks(Html& html, const Scene& scene, const OverlaidSignal& signal,
                    std::size_t number) {
  const std::size_t shown = std::min(signal.incidents.size(), kMostIncidents);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& incident = signal.incidents[i];
    const std::string words =
        fmt::format("{} of {} runs at {}, p = {}", incident.runs, incident.covered,
                    scene.place(incident.position), p_value_text(incident.p_value));
    const auto link = html.element("a", {{"class", "tick k-spike"},
                                         {"id", fmt::format("t{}-{}", number, i)},
                                         {"href", fmt::format("#c{}-{}", number, i)},
                                         {"title", words},
                                         {"aria-label", words},
                                         {"style", at_style(scene, incident.position)}});
    const auto svg = html.element("svg", {{"class", "k-spike"}, {"viewBox", "0 0 12 12"}});
    html.single("use", {{"href", "#k-spike"}});
  }
}

std::string apart_words(const Scene& scene, const RunsData& data, const OverlaidSignal& signal,
                        const std::vector<const Columns*>& lines,
                        const std::vector<EndOfLine>& ends, const NumberFormat& format) {
  std::string words = signal.parting.empty() ? "" : capitalised(signal.parting) + ". ";
  const auto name = [&](std::size_t line) {
    return short_name(data.runs[signal.lines[line].run].name);
  };
  if (ends.size() >= 2 && ends.front().value < ends.back().value) {
    words += fmt::format("Ends lowest at {} ({}), highest at {} ({}). ",
                         format.value(ends.front().value), name(ends.front().line),
                         format.value(ends.back().value), name(ends.back().line));
  }
  if (const auto widest = widest_place(signal, lines, scene.linear, scene.lane_columns)) {
    words += fmt::format("After the beginning furthest apart at {}: {} ({}) and {} ({}).",
                         scene.place(widest->position), format.value(widest->low),
                         short_name(data.runs[widest->low_run].name), format.value(widest->high),
                         short_name(data.runs[widest->high_run].name));
  }
  return words;
}

/// The class of a line: of many runs the two that end lowest and highest stand out.
std::string line_class(const RunsData& data, const OverlaidSignal& signal, std::size_t line,
                       const std::vector<EndOfLine>& ends) {
  if (data.runs.size() <= kColouredRuns || ends.size() < 3)
    return run_style(data, signal.lines[line].run);
  if (line == ends.front().line) return "run ends-low";
  if (line == ends.back().line) return "run ends-high";
  return run_style(data, signal.lines[line].run);
}

void draw_lines(Html& html, const Scene& scene, const RunsData& data, const OverlaidSignal& signal,
                std::size_t first, const std::vector<EndOfLine>& ends, const AxisMap& x,
                const AxisMap& y, int height) {
  std::vector<Columns> reduced;
  std::vector<const Columns*> lines;
  const bool linear = x.scale() == Scale::linear;
  for (std::size_t i = 0; !linear && i < signal.lines.size(); ++i)
    reduced.push_back(reduce(scene.data.signals[first + i], x, scene.lane_columns));
  for (std::size_t i = 0; i < signal.lines.size(); ++i)
    lines.push_back(linear ? &scene.columns[first + i] : &reduced[i]);
  const bool many = data.runs.size() > kColouredRuns;
  // What stands out is drawn last.
  for (const bool outstanding : {false, true}) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::string css = line_class(data, signal, i, ends);
      if ((css.find("many") == std::string::npos) != outstanding) continue;
      if (!many && i == 0) css += " main";
      const std::string run = fmt::format("{}", signal.lines[i].run);
      const std::string line = line_path(*lines[i], x, y, height);
      if (!line.empty()) html.single("path", {{"class", css}, {"data-run", run}, {"d", line}});
      const std::string dots = dot_path(*lines[i], x, y, height, lines[i]->points > 40 || many);
      if (!dots.empty())
        html.single("path", {{"class", css + " dots"}, {"data-run", run}, {"d", dots}});
    }
  }
  if (!many) return;
  const ReportSignal median = median_line(lines, x, scene.lane_columns);
  path(html, "l-op median main", line_path(reduce(median, x, scene.lane_columns), x, y, height));
}

}  // namespace

std::string short_name(const std::string& name) {
  constexpr std::size_t kMost = 44;
  if (name.size() <= kMost) return name;
  std::size_t head = 28, tail = name.size() - 14;
  const auto within_a_character = [&](std::size_t at) {
    return (static_cast<unsigned char>(name[at]) & 0xC0U) == 0x80U;
  };
  while (head > 0 && within_a_character(head)) --head;
  while (tail < name.size() && within_a_character(tail)) ++tail;
  return name.substr(0, head) + "…" + name.substr(tail);
}

RunsLayout runs_layout(const RunsData& data) {
  const std::size_t most = std::min(data.signals.size(), kMostLanes);
  for (const std::size_t columns : kLineColumns) {
    std::size_t spent = 0, lanes = 0;
    for (; lanes < most; ++lanes) {
      for (const OverlaidLine& line : data.signals[lanes].lines) spent += size_of(line, columns);
      if (spent > kColumnBudget && lanes > 0) break;
    }
    if (lanes == most || columns == kLineColumns.back()) return {lanes, columns};
  }
  return {most, kLineColumns.back()};
}

ReportData runs_lines(const RunsData& data, const RunsLayout& layout) {
  ReportData lines;
  lines.axis = data.axis;
  for (std::size_t i = 0; i < layout.lanes; ++i) {
    for (const OverlaidLine& line : data.signals[i].lines) lines.signals.push_back(line.signal);
  }
  return lines;
}

std::string run_style(const RunsData& data, std::size_t run) {
  return data.runs.size() <= kColouredRuns ? fmt::format("run r{}", run) : std::string("run many");
}

std::optional<WidestPlace> widest_place(const OverlaidSignal& signal,
                                        const std::vector<const Columns*>& lines,
                                        const AxisMap& axis, std::size_t columns) {
  std::optional<WidestPlace> widest;
  for (const auto& [column, values] : by_column(lines, axis, columns)) {
    // Trainings begin apart and far from where they go: the first twentieth says little.
    if (values.size() < 2 || 20 * column < columns) continue;
    const auto& [low, low_line] = values.front();
    const auto& [high, high_line] = values.back();
    if (!(high > low) || (widest && high - low <= widest->high - widest->low)) continue;
    widest = WidestPlace{column_position(axis, column, columns), low, high,
                         signal.lines[low_line].run, signal.lines[high_line].run};
    // Where the points of a run are few, the place is one of theirs.
    for (const Stroke& stroke : lines[high_line]->strokes) {
      for (const Bucket& bucket : stroke.columns) {
        const double share = axis.fraction(bucket.first_position);
        if (std::min(columns - 1, static_cast<std::size_t>(share * static_cast<double>(columns))) ==
            column)
          widest->position = bucket.first_position;
      }
    }
  }
  return widest;
}

ReportSignal median_line(const std::vector<const Columns*>& lines, const AxisMap& axis,
                         std::size_t columns) {
  ReportSignal median;
  const ByColumn all = by_column(lines, axis, columns);
  for (const auto& [column, values] : all) {
    const double at = column_position(axis, column, columns);
    const auto reaches = std::ranges::count_if(lines, [at](const Columns* line) {
      return !line->empty() && line->first_at <= at && at <= line->last_at;
    });
    // A few runs in a column are no middle of those that pass it.
    if (values.size() < 3 || 5 * values.size() < 3 * static_cast<std::size_t>(reaches)) continue;
    const std::size_t half = values.size() / 2;
    const double middle = values.size() % 2 == 1
                              ? values[half].first
                              : 0.5 * values[half - 1].first + 0.5 * values[half].first;
    median.points.append(at, middle);
  }
  return median;
}

void runs_lane(Html& html, const Scene& scene, const RunsData& data, std::size_t number,
               std::size_t first) {
  const OverlaidSignal& signal = data.signals[number];
  std::vector<const Columns*> lines;
  for (std::size_t i = 0; i < signal.lines.size(); ++i) lines.push_back(&scene.columns[first + i]);
  const auto ends = line_ends(lines, scene.linear, scene.lane_columns);
  const LaneScale scale = lane_scale(lines);
  const bool many = data.runs.size() > kColouredRuns;
  Plot plot;
  plot.label = scene.label(signal.name) + (many ? ", median of the runs" : "");
  plot.id = fmt::format("s{}", number);
  plot.format = scene.format(scene.data.signals[first]);
  plot.y = scale.y;
  plot.height_px = 168;
  plot.y_labels = true;
  plot.marks = [&](Html& out, const AxisMap& x, int height) {
    draw_lines(out, scene, data, signal, first, ends, x, plot.y, height);
  };
  plot.over = [&](Html& out) { incident_ticks(out, scene, signal, number); };
  RowText text{scene.label(signal.name),
               fmt::format("{} {}", lines.size(), lines.size() == 1 ? "run" : "runs"), "none", ""};
  if (plot.y.scale() == Scale::logarithmic) text.note += ", log scale";
  if (!ends.empty()) {
    text.last = plot.format.range(ends.front().value, ends.back().value);
    text.last_note = "at the end";
  }
  std::string words = apart_words(scene, data, signal, lines, ends, plot.format);
  if (scale.beyond) {
    words += fmt::format(" Values up to {} lie beyond the scale and are drawn at its edge.",
                         plot.format.value(*scale.beyond));
  }
  html.leaf("p", words, {{"class", "see lane"}});
  plot_row(html, scene, text, plot);
}

}  // namespace emdyn::report
