#include "emdyn/emergence/mirage/graded_change.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace emdyn::emergence::mirage {
namespace {

constexpr std::array kWidths{0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3,
                             0.4,  0.5,  0.65, 0.8, 1.0,  1.3, 1.7};
constexpr std::size_t kPlaces = 60;

/// Weighted least squares of values on 1 and a logistic.
struct Line {
  double rest = 0.0;  ///< Residual sum of squares.
  double slope = 0.0;
};
Line fit(std::span<const double> u, std::span<const double> y, std::span<const double> w,
         double place, double width) {
  double sw = 0, ss = 0, sy = 0, sss = 0, ssy = 0, syy = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double s = 1.0 / (1.0 + std::exp(-(u[i] - place) * kLogisticWidth / width));
    sw += w[i];
    ss += w[i] * s;
    sy += w[i] * y[i];
    sss += w[i] * s * s;
    ssy += w[i] * s * y[i];
    syy += w[i] * y[i] * y[i];
  }
  const double variance = sss - ss * ss / sw, covariance = ssy - ss * sy / sw;
  const double all = syy - sy * sy / sw;
  if (!(variance > 1e-12 * sw)) return {all, 0.0};
  const double slope = covariance / variance;
  return {std::max(all - slope * covariance, 0.0), slope};
}

struct Located {
  Window window{};
  double width = 0.0;
  double slope = 0.0;
};

Located locate(std::span<const double> u, std::span<const double> y, std::span<const double> w) {
  struct Try {
    double place, width, log_weight, slope;
  };
  std::vector<Try> tries;
  const double half_freedom = 0.5 * std::max(static_cast<double>(u.size()) - 2.0, 1.0);
  double all = 0.0;
  for (std::size_t i = 0; i < u.size(); ++i) all += w[i] * y[i] * y[i];
  double most = -1e300;
  for (const double width : kWidths) {
    for (std::size_t p = 0; p < kPlaces; ++p) {
      const double place = (static_cast<double>(p) + 0.5) / static_cast<double>(kPlaces);
      const Line line = fit(u, y, w, place, width);
      const double log_weight = -half_freedom * std::log(line.rest + 1e-6 * all);
      tries.push_back({place, width, log_weight, line.slope});
      most = std::max(most, log_weight);
    }
  }
  Located out;
  double total = 0.0, low = 0.0, high = 0.0;
  for (const Try& each : tries) {
    const double weight = std::exp(each.log_weight - most);
    total += weight;
    low += weight * (each.place - 0.5 * each.width);
    high += weight * (each.place + 0.5 * each.width);
    out.width += weight * each.width;
    out.slope += weight * each.slope;
  }
  out.window = {std::clamp(low / total, 0.0, 1.0), std::clamp(high / total, 0.0, 1.0)};
  out.width /= total;
  out.slope /= total;
  return out;
}

/// A change seen between two samples lies anywhere between them.
Window over_gap(Window window, std::span<const double> u) {
  const double middle = 0.5 * (window.low + window.high);
  for (std::size_t i = 1; i < u.size(); ++i) {
    if (u[i - 1] <= middle && middle <= u[i]) {
      return {std::min(window.low, u[i - 1]), std::max(window.high, u[i])};
    }
  }
  return window;
}

}  // namespace

GradedChange locate_change(const CleanMetric& metric, double items) {
  GradedChange out;
  out.width = std::numeric_limits<double>::infinity();
  out.coordinates = coordinates_of(metric.positions);
  std::vector<double> weights(metric.size(), 1.0);
  for (std::size_t i = 0; items > 0.0 && i < weights.size(); ++i) {
    const double share = (metric.values[i] * items + 0.5) / (items + 1.0);
    weights[i] = items / std::max(share * (1.0 - share), 1e-6);
  }
  for (const Coordinate& coordinate : out.coordinates) {
    std::vector<double> u;
    for (const double position : metric.positions) u.push_back(coordinate.of(position));
    const Located found = locate(u, metric.values, weights);
    out.windows.push_back(over_gap(found.window, u));
    if (found.width < out.width) {
      out.width = found.width;
      out.size = found.slope;
      out.low = coordinate.position(found.window.low);
      out.high = coordinate.position(found.window.high);
    }
  }
  const auto [least, most] = std::ranges::minmax(metric.values);
  out.size = std::clamp(out.size, least - most, most - least);
  return out;
}

std::vector<Window> windows_along(const GradedChange& change, std::span<const double> positions) {
  std::vector<Window> out;
  for (const Coordinate& other : coordinates_of(positions)) {
    // The window of the same kind of coordinate, else the widest in positions.
    Window window{other.of(change.low), other.of(change.high)};
    for (std::size_t c = 0; c < change.coordinates.size(); ++c) {
      if (change.coordinates[c].log_axis != other.log_axis) continue;
      window = {other.of(change.coordinates[c].position(change.windows[c].low)),
                other.of(change.coordinates[c].position(change.windows[c].high))};
    }
    out.push_back({std::clamp(window.low, 0.0, 1.0), std::clamp(window.high, 0.0, 1.0)});
  }
  return out;
}

}  // namespace emdyn::emergence::mirage
