#include "emdyn/emergence/transition/curve.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::emergence {

Frame Frame::of(std::span<const double> positions) {
  Frame frame;
  frame.origin = positions.front();
  frame.range = positions.back() - positions.front();
  // A logarithmic coordinate tells more than a linear one only where positions span some octaves.
  // A first position of 0 is drawn half way to the next one.
  double floor = positions.front();
  if (floor == 0.0) {
    floor = 0.5 * *std::upper_bound(positions.begin(), positions.end(), 0.0);
  }
  if (floor > 0.0 && positions.back() > 4.0 * floor) {
    frame.log_floor = floor;
    frame.log_range = std::log(positions.back() / floor);
  }
  return frame;
}

double Frame::coordinate(double position, bool log_axis) const noexcept {
  if (!log_axis) return (position - origin) / range;
  return std::log(std::max(position, log_floor) / log_floor) / log_range;
}

double Frame::position(double coordinate, bool log_axis) const noexcept {
  return log_axis ? log_floor * std::exp(coordinate * log_range) : origin + coordinate * range;
}

double sigmoid_value(CurveShape shape, double z) noexcept {
  if (shape == CurveShape::gompertz) return std::exp(-std::exp(-z));
  if (shape == CurveShape::late_gompertz) return -std::expm1(-std::exp(z));
  return 1.0 / (1.0 + std::exp(-z));
}

double sigmoid_slope(CurveShape shape, double z) noexcept {
  if (shape == CurveShape::late_gompertz) return sigmoid_slope(CurveShape::gompertz, -z);
  if (shape == CurveShape::gompertz) {
    const double decay = std::exp(-z);
    return std::isfinite(decay) ? decay * std::exp(-decay) : 0.0;
  }
  const double g = sigmoid_value(shape, z);
  return g * (1.0 - g);
}

double sigmoid_inverse(CurveShape shape, double share) noexcept {
  if (shape == CurveShape::gompertz) return -std::log(-std::log(share));
  if (shape == CurveShape::late_gompertz) return std::log(-std::log1p(-share));
  return std::log(share / (1.0 - share));
}

double Basis::value(const Frame& frame, double position) const noexcept {
  const double u = frame.coordinate(position, log_axis);
  switch (shape) {
    case CurveShape::linear:
      return u;
    case CurveShape::square:
      return u * u;
    case CurveShape::cube:
      return u * u * u;
    case CurveShape::power:
      return std::pow(std::max(u + location, 1e-12), scale);
    case CurveShape::logarithm:
      return std::log(std::max(u + location, 1e-12));
    case CurveShape::exponential:
      return std::exp(std::min((scale > 0.0 ? u - 1.0 : u) / scale, 700.0));
    case CurveShape::logistic:
    case CurveShape::gompertz:
    case CurveShape::late_gompertz:
      return sigmoid_value(shape, (u - location) / scale);
    case CurveShape::step:
      return std::clamp((u - location) / std::max(scale, 1e-300) + 0.5, 0.0, 1.0);
    case CurveShape::hinge:
      return std::max(0.0, u - location);
  }
  return 0.0;
}

double Curve::operator()(double position) const noexcept {
  double sum = intercept;
  for (const Term& term : terms) sum += term.coefficient * term.basis.value(frame, position);
  return range.limit(sum);
}

std::vector<double> evaluate(const Curve& curve, std::span<const double> positions) {
  std::vector<double> values(positions.size());
  std::transform(positions.begin(), positions.end(), values.begin(), curve);
  return values;
}

}  // namespace emdyn::emergence
