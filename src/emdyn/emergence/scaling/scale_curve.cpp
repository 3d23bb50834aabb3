#include "emdyn/emergence/scaling/scale_curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/scaling/nelder_mead.hpp"

namespace emdyn::emergence::scaling {
namespace {

constexpr int kStarts = 32;

/// ln(size/unit) and values of the usable points.
struct Points {
  std::vector<double> z, y;
  double unit = 1.0;
  double spread = 1.0;  ///< Standard deviation of z.
};

Points usable(std::span<const double> sizes, std::span<const double> values) {
  if (sizes.size() != values.size()) {
    throw DataError(fmt::format("scaling curve: {} sizes for {} values; give one size a value",
                                sizes.size(), values.size()));
  }
  Points points;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (!(sizes[i] > 0.0) || !std::isfinite(sizes[i]) || !std::isfinite(values[i])) continue;
    points.z.push_back(std::log(sizes[i]));
    points.y.push_back(values[i]);
  }
  if (points.z.empty())
    throw DataError("scaling curve: no point has a size > 0 and a finite value");
  const double n = static_cast<double>(points.z.size());
  const double mean = std::accumulate(points.z.begin(), points.z.end(), 0.0) / n;
  double squares = 0.0;
  for (double& z : points.z) {
    z -= mean;
    squares += z * z;
  }
  points.unit = std::exp(mean);
  points.spread = std::sqrt(squares / n);
  return points;
}

/// y ≈ level + gain·shape by least squares.
struct Linear {
  double level = 0.0, gain = 0.0, rest = std::numeric_limits<double>::infinity();
};
template <class Shape>
Linear solve(const Points& points, Shape&& shape) {
  double n = 0, s = 0, ss = 0, y = 0, sy = 0;
  for (std::size_t i = 0; i < points.z.size(); ++i) {
    const double value = shape(points.z[i]);
    if (!std::isfinite(value)) return {};
    n += 1;
    s += value;
    ss += value * value;
    y += points.y[i];
    sy += value * points.y[i];
  }
  const double variance = ss - s * s / n;
  Linear out;
  out.gain = variance > 1e-12 * (ss + 1e-300) ? (sy - s * y / n) / variance : 0.0;
  out.level = (y - out.gain * s) / n;
  return out;
}
template <class Shape>
double rest_of(const Points& points, Shape&& shape, const Linear& line) {
  double rest = 0.0;
  for (std::size_t i = 0; i < points.z.size(); ++i) {
    rest += std::pow(points.y[i] - line.level - line.gain * shape(points.z[i]), 2);
  }
  return rest;
}
template <class Shape>
Linear fit_linear(const Points& points, Shape&& shape) {
  Linear line = solve(points, shape);
  line.rest = rest_of(points, shape, line);
  if (!std::isfinite(line.rest)) line.rest = std::numeric_limits<double>::infinity();
  return line;
}

/// A level and a gain whose ends stay within the bounds, for shapes between 0 and 1.
template <class Shape>
Linear fit_between(const Points& points, Shape&& shape, const CurveBounds& bounds) {
  Linear line = fit_linear(points, shape);
  if (!bounds.bounded()) return line;
  const double low = std::clamp(line.level, bounds.low, bounds.high);
  const double high = std::clamp(line.level + line.gain, bounds.low, bounds.high);
  if (low == line.level && high == line.level + line.gain) return line;
  // One end on its bound, the other by least squares: y − bound·s ≈ low·(1 − s), or y − bound ≈
  // gain·s.
  const bool high_fixed = high != line.level + line.gain;
  double top = 0, bottom = 0;
  for (std::size_t i = 0; i < points.z.size(); ++i) {
    const double s = shape(points.z[i]);
    const double u = high_fixed ? 1.0 - s : s;
    top += (points.y[i] - (high_fixed ? high * s : low * (1.0 - s))) * u;
    bottom += u * u;
  }
  const double free = std::clamp(bottom > 0.0 ? top / bottom : 0.0, bounds.low, bounds.high);
  line.level = high_fixed ? free : low;
  line.gain = high_fixed ? high - free : free - low;
  line.rest = rest_of(points, shape, line);
  return line;
}

ScaleCurve made(CurveKind kind, std::vector<double> parameters, const Points& points, double rest) {
  return {kind, std::move(parameters), points.unit, rest, points.z.size()};
}

ScaleCurve fit_constant(const Points& points) {
  const double mean =
      std::accumulate(points.y.begin(), points.y.end(), 0.0) / static_cast<double>(points.y.size());
  double rest = 0.0;
  for (const double y : points.y) rest += (y - mean) * (y - mean);
  return made(CurveKind::constant, {mean}, points, rest);
}

ScaleCurve fit_log_linear(const Points& points) {
  const Linear line = fit_linear(points, [](double z) { return z; });
  return made(CurveKind::log_linear, {line.level, line.gain}, points, line.rest);
}

ScaleCurve fit_power_law(const Points& points) {
  // Exponents in units of the spread of ln x: beyond 3 the curve is a step at the first point.
  double best_c = 0.0;
  Linear best;
  const auto at = [&](double c) {
    return fit_linear(points, [c](double z) { return std::exp(-c * z); });
  };
  for (int i = 0; i <= 60; ++i) {
    const double c = (-1.5 + 4.5 * i / 60.0) / points.spread;
    if (std::abs(c * points.spread) < 1e-6) continue;
    const Linear line = at(c);
    if (line.rest < best.rest) {
      best = line;
      best_c = c;
    }
  }
  double low = best_c - 0.075 / points.spread, high = best_c + 0.075 / points.spread;
  constexpr double kGolden = 0.6180339887498949;
  for (int i = 0; i < 40; ++i) {
    const double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
    if (at(a).rest < at(b).rest)
      high = b;
    else
      low = a;
  }
  const Linear refined = at(0.5 * (low + high));
  if (refined.rest < best.rest) {
    best = refined;
    best_c = 0.5 * (low + high);
  }
  return made(CurveKind::power_law, {best.level, best.gain, best_c}, points, best.rest);
}

double sigmoid(double t) {
  return t >= 0.0 ? 1.0 / (1.0 + std::exp(-t)) : std::exp(t) / (1.0 + std::exp(t));
}

ScaleCurve fit_logistic(const Points& points, const CurveBounds& bounds) {
  const auto [first, last] = std::ranges::minmax(points.z);
  // A rise that has hardly begun may have its middle two spreads beyond the last size.
  const double beyond = last + 2.0 * points.spread, least_k = 0.5 / points.spread;
  const auto at = [&](double m, double log_k) {
    return fit_between(
        points, [&](double z) { return sigmoid(std::exp(log_k) * (z - m)); }, bounds);
  };
  std::vector<double> best(2);
  double rest = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 22; ++i) {
    for (int j = 0; j < 12; ++j) {
      const double m = first + (beyond - first) * i / 21.0;
      const double log_k = std::log(least_k) + std::log(16.0) * j / 11.0;
      if (const double found = at(m, log_k).rest; found < rest) {
        rest = found;
        best = {m, log_k};
      }
    }
  }
  // The grid is coarse: the valley it found is followed to its bottom, inside the same limits.
  const auto inside = [&](std::span<const double> p) {
    return p[0] >= first && p[0] <= beyond && p[1] >= std::log(least_k) &&
           p[1] <= std::log(16.0 * least_k);
  };
  const std::vector<double> steps{(beyond - first) / 21.0, -std::log(16.0) / 11.0};
  const Minimum refined = nelder_mead(
      [&](std::span<const double> p) { return inside(p) ? at(p[0], p[1]).rest : 1e300; }, best,
      steps, 200);
  if (refined.value < rest) best = refined.at;
  const Linear line = at(best[0], best[1]);
  return made(CurveKind::logistic, {line.level, line.level + line.gain, best[0], std::exp(best[1])},
              points, line.rest);
}

/// x^(−c0)·Π(1 + (x/d)^(1/f))^(−c·f) of z = ln x, in logarithms so that nothing overflows.
double bnsl_shape(double z, std::span<const double> nonlinear) {
  double log_value = -nonlinear[0] * z;
  for (std::size_t i = 1; i + 2 < nonlinear.size(); i += 3) {
    const double c = nonlinear[i], d = nonlinear[i + 1], f = nonlinear[i + 2];
    const double t = (z - d) / f;
    log_value -= c * f * (t > 0.0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t)));
  }
  return std::exp(log_value);
}

ScaleCurve fit_bnsl(const Points& points, int breaks) {
  const auto [first, last] = std::ranges::minmax(points.z);
  const std::size_t free = 1 + 3 * static_cast<std::size_t>(breaks);
  // f enters by its logarithm: it is positive.
  const auto unpacked = [](std::span<const double> packed) {
    std::vector<double> out(packed.begin(), packed.end());
    for (std::size_t i = 3; i < out.size(); i += 3)
      out[i] = std::exp(std::clamp(out[i], -6.0, 3.0));
    return out;
  };
  const std::function<double(std::span<const double>)> cost = [&](std::span<const double> packed) {
    for (std::size_t i = 0; i < packed.size(); ++i) {
      if (i % 3 != 2 && i % 3 != 0 && std::abs(packed[i]) * points.spread > 20.0) return 1e300;
    }
    const std::vector<double> nonlinear = unpacked(packed);
    return fit_linear(points, [&](double z) { return bnsl_shape(z, nonlinear); }).rest;
  };
  Minimum best{{}, std::numeric_limits<double>::infinity()};
  for (int start = 0; start < kStarts; ++start) {
    Philox random(20230101, static_cast<std::uint64_t>(start));
    std::vector<double> at(free), steps(free);
    at[0] = (-0.5 + 1.5 * random.uniform()) / points.spread;
    steps[0] = 0.3 / points.spread;
    for (std::size_t i = 1; i < free; i += 3) {
      at[i] = (-1.0 + 3.0 * random.uniform()) / points.spread;
      at[i + 1] = first + (last - first) * random.uniform();
      at[i + 2] = std::log(0.05 + random.uniform()) + std::log(points.spread);
      steps[i] = 0.5 / points.spread;
      steps[i + 1] = 0.2 * (last - first);
      steps[i + 2] = 0.7;
    }
    Minimum found = nelder_mead(cost, at, steps, 120 * static_cast<int>(free));
    if (found.value < best.value) best = std::move(found);
  }
  const std::vector<double> nonlinear = unpacked(best.at);
  const Linear line = fit_linear(points, [&](double z) { return bnsl_shape(z, nonlinear); });
  std::vector<double> parameters{line.level, line.gain};
  parameters.insert(parameters.end(), nonlinear.begin(), nonlinear.end());
  return made(CurveKind::bnsl, std::move(parameters), points, line.rest);
}

std::size_t distinct(std::vector<double> z) {
  std::ranges::sort(z);
  return static_cast<std::size_t>(std::unique(z.begin(), z.end()) - z.begin());
}

}  // namespace

std::string_view word(CurveKind kind) noexcept {
  constexpr std::array<std::string_view, 5> kWords{"constant", "log_linear", "power_law",
                                                   "logistic", "bnsl"};
  return kWords[static_cast<std::size_t>(kind)];
}

double ScaleCurve::operator()(double size) const noexcept {
  const double z = std::log(size / unit);
  const auto& p = parameters;
  switch (kind) {
    case CurveKind::constant:
      return p[0];
    case CurveKind::log_linear:
      return p[0] + p[1] * z;
    case CurveKind::power_law:
      return p[0] + p[1] * std::exp(-p[2] * z);
    case CurveKind::logistic:
      return p[0] + (p[1] - p[0]) * sigmoid(p[3] * (z - p[2]));
    case CurveKind::bnsl:
      return p[0] + p[1] * bnsl_shape(z, std::span(p).subspan(2));
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double ScaleCurve::bic() const noexcept {
  const double n = static_cast<double>(points);
  return n * std::log(std::max(rest, 1e-300) / n) +
         (static_cast<double>(parameters.size()) + 1.0) * std::log(n);
}

ScaleCurve fit_curve(CurveKind kind, std::span<const double> sizes, std::span<const double> values,
                     const CurveBounds& bounds, int breaks) {
  if (breaks < 1 || breaks > 3)
    throw ConfigError(fmt::format("scaling curve: breaks must be 1, 2 or 3, got {}", breaks));
  const Points points = usable(sizes, values);
  const std::size_t n = distinct(points.z);
  const auto needed = 3 + 3 * static_cast<std::size_t>(breaks);
  if (kind == CurveKind::bnsl && n > needed) return fit_bnsl(points, breaks);
  if (kind == CurveKind::logistic && n > 4) return fit_logistic(points, bounds);
  if ((kind == CurveKind::power_law || kind == CurveKind::bnsl) && n > 3)
    return fit_power_law(points);
  if (kind != CurveKind::constant && n > 2) return fit_log_linear(points);
  return fit_constant(points);
}

void to_json(Json& json, const ScaleCurve& curve) {
  json = Json{{"kind", word(curve.kind)},
              {"parameters", curve.parameters},
              {"unit", curve.unit},
              {"rest", number_or_null(curve.rest)},
              {"points", curve.points}};
}

}  // namespace emdyn::emergence::scaling
