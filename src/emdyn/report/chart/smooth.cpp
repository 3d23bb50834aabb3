#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/report/chart/columns.hpp"
#include "emdyn/report/chart/pen.hpp"

namespace emdyn::report {

namespace {

/// A column as the smoother sees it.
struct Mass {
  double at;      ///< On the axis, in [0, 1].
  double value;   ///< Mean of its points, or its logarithm.
  double weight;  ///< Its points.
};

double mean_of(const Bucket& column) noexcept {
  const double mean = column.sum / static_cast<double>(column.count);
  if (std::isfinite(mean)) return std::clamp(mean, column.min, column.max);
  return 0.25 * column.first + 0.25 * column.last + 0.25 * column.min + 0.25 * column.max;
}

std::vector<Mass> masses_of(const Stroke& stroke, const AxisMap& x, bool logarithms) {
  std::vector<Mass> masses;
  for (const Bucket& column : stroke.columns) {
    const double mean = mean_of(column);
    if (logarithms && !(mean > 0.0)) continue;
    masses.push_back({0.5 * (x.fraction(column.first_position) + x.fraction(column.last_position)),
                      logarithms ? std::log(mean) : mean, static_cast<double>(column.count)});
  }
  return masses;
}

/// The local line at the place of `centre`.
double local_line(const std::vector<Mass>& masses, double centre, double width) {
  const auto low = std::ranges::lower_bound(masses, centre - 3.0 * width, {}, &Mass::at);
  const auto high = std::ranges::upper_bound(masses, centre + 3.0 * width, {}, &Mass::at);
  double total = 0.0, first = 0.0, second = 0.0, value = 0.0, slope = 0.0;
  for (auto each = low; each != high; ++each) {
    const double offset = (each->at - centre) / width;
    const double weight = each->weight * std::exp(-0.5 * offset * offset);
    total += weight;
    first += weight * offset;
    second += weight * offset * offset;
    value += weight * each->value;
    slope += weight * offset * each->value;
  }
  const double spread = total * second - first * first;
  // Columns at (nearly) one place carry no slope.
  if (!(spread > 1e-6 * total * total)) return value / total;
  return (second * value - first * slope) / spread;
}

}  // namespace

std::string smooth_path(const Columns& columns, const AxisMap& x, const AxisMap& y, int height,
                        double width, std::size_t nodes) {
  Pen pen;
  const bool logarithms = y.scale() == Scale::logarithmic;
  const double step = 1.0 / static_cast<double>(std::max<std::size_t>(1, nodes));
  for (const Stroke& stroke : columns.strokes) {
    if (stroke.superseded) continue;
    const std::vector<Mass> masses = masses_of(stroke, x, logarithms);
    if (masses.size() < 2) continue;
    const auto [least, most] = std::ranges::minmax(masses, {}, &Mass::value);
    double last = -1.0;
    for (std::size_t i = 0; i < masses.size(); ++i) {
      const bool end = i + 1 == masses.size();
      if (!end && masses[i].at - last < step) continue;
      const double fitted =
          std::clamp(local_line(masses, masses[i].at, width), least.value, most.value);
      const int at = static_cast<int>(std::lround(kViewWidth * masses[i].at));
      const double value = logarithms ? std::exp(fitted) : fitted;
      const int level = static_cast<int>(std::lround(height * (1.0 - y.fraction(value))));
      if (last < 0.0) {
        pen.move(at, level);
      } else {
        pen.line(at, level);
      }
      last = masses[i].at;
    }
  }
  return pen.take();
}

}  // namespace emdyn::report
