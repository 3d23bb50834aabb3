#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/report/chart/scene.hpp"
#include "emdyn/report/html/html.hpp"
#include "emdyn/report/runs/runs_data.hpp"

namespace emdyn::report {

inline constexpr std::size_t kColouredRuns = 8;
inline constexpr std::size_t kMostIncidents = 300;  ///< Marked and listed, of each signal.

/// What the page has room for: which signals are drawn and in how many columns a line.
struct RunsLayout {
  std::size_t lanes = 0;    ///< The first so many signals.
  std::size_t columns = 0;  ///< Of each line.
};
RunsLayout runs_layout(const RunsData& data);

/// The lines of the drawn signals one after another, as the data of a scene.
ReportData runs_lines(const RunsData& data, const RunsLayout& layout);

/// "2024-10-09_SOAP/5bdc3988-4…64cb81c92.txt": a long name keeps its beginning and its end.
std::string short_name(const std::string& name);

/// CSS classes of a run's line: its own colour and dash, or a thin one among many.
std::string run_style(const RunsData& data, std::size_t run);

/// Where the runs are furthest apart in a signal, its first twentieth left aside.
struct WidestPlace {
  double position = 0.0;
  double low = 0.0, high = 0.0;
  std::size_t low_run = 0, high_run = 0;
};
/// @param lines the columns of its lines, in their order. Nothing where no two runs share a column.
std::optional<WidestPlace> widest_place(const OverlaidSignal& signal,
                                        const std::vector<const Columns*>& lines,
                                        const AxisMap& axis, std::size_t columns);

/// The median of the runs in each column that most of them reach, as a signal.
ReportSignal median_line(const std::vector<const Columns*>& lines, const AxisMap& axis,
                         std::size_t columns);

/// The lane of signal `number`, whose lines begin at `first` of the scene's signals.
void runs_lane(Html& html, const Scene& scene, const RunsData& data, std::size_t number,
               std::size_t first);

}  // namespace emdyn::report
