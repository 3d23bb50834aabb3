#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/report/chart/axis.hpp"
#include "emdyn/report/chart/data.hpp"

/// Downsampling that loses no spike: first, last, minimum and maximum of every pixel column.
namespace emdyn::report {

/// One unbroken line; a non-finite value or a step that goes back ends it.
struct Stroke {
  std::vector<report::Bucket> columns{};
  bool superseded = false;  ///< Belongs to a segment that a later one replaced.
};

/// A signal reduced to the columns of a panel.
struct Columns {
  std::vector<Stroke> strokes{};
  std::vector<double> nonfinite_at{};  ///< One position for each column that holds any.
  std::uint64_t points = 0;            ///< All points, finite or not.
  std::uint64_t nonfinite = 0;
  std::size_t drawn = 0;        ///< Columns and single points that are drawn.
  double min = 0.0, max = 0.0;  ///< Over finite values; both 0 when there is none.
  double min_at = 0.0, max_at = 0.0;
  double first = 0.0, last = 0.0;  ///< First and last finite value.
  double first_at = 0.0, last_at = 0.0;

  bool empty() const noexcept { return points == nonfinite; }
};

/// The points (or the overview) of `signal` in at most `columns` columns of `axis` per segment.
/// Points whose position is not finite are left out. O(points).
Columns reduce(const report::ReportSignal& signal, const AxisMap& axis, std::size_t columns);

/// The same columns in at most `columns` wider ones, without another look at the points.
Columns coarsen(const Columns& fine, const AxisMap& axis, std::size_t columns);

/// First and last finite position, and the smallest above zero (0 when there is none).
struct PositionRange {
  double low = 0.0;
  double high = 0.0;
  double smallest_positive = 0.0;
  bool any = false;

  void add(double position) noexcept;
};
PositionRange extent_of(const report::ReportSignal& signal) noexcept;

/// SVG path data in a view box of kViewWidth × `height` units: the strokes of `columns`, y upwards.
/// `dots` draws every single point as a dot (a zero-length line with round caps) instead.
inline constexpr int kViewWidth = 7200;
std::string line_path(const Columns& columns, const AxisMap& x, const AxisMap& y, int height,
                      bool superseded = false);
std::string dot_path(const Columns& columns, const AxisMap& x, const AxisMap& y, int height,
                     bool lonely_only);

/// The course of `columns` without its noise, in at most `nodes` points a stroke: at each the value of
/// a straight line fitted to the column means around it, weighted by their points and a Gaussian of
/// standard deviation `width` (of the axis, in (0, 1)); on a logarithmic `y` their logarithms. It
/// stays between the extremes of the stroke. Superseded strokes are left out. To be drawn over
/// line_path(), never instead: it hides extremes. Source: Fan, "Local Linear Regression Smoothers
/// and Their Minimax Efficiencies", Annals of Statistics 21 (1993). O(columns · nodes).
std::string smooth_path(const Columns& columns, const AxisMap& x, const AxisMap& y, int height,
                        double width, std::size_t nodes);

/// A closed band between two sequences over the same positions, broken where either is not finite.
std::string band_path(const std::vector<double>& positions, const std::vector<double>& low,
                      const std::vector<double>& high, const AxisMap& x, const AxisMap& y,
                      int height);

}  // namespace emdyn::report
