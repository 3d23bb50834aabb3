#pragma once
#include <span>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/emergence/transition/value_range.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::emergence {

/// The two coordinates every curve is written in: positions scaled to [0, 1] over the observed
/// range, and their logarithms scaled likewise.
struct Frame {
  double origin = 0.0;     ///< First position.
  double range = 1.0;      ///< Last less first position, > 0.
  double log_floor = 0.0;  ///< Smallest position whose logarithm is taken; 0: no log coordinate.
  double log_range = 0.0;  ///< log(last) − log(floor).

  /// @param positions ascending, at least two different ones.
  static Frame of(std::span<const double> positions);
  bool has_log() const noexcept { return log_floor > 0.0; }
  double coordinate(double position, bool log_axis) const noexcept;
  double position(double coordinate, bool log_axis) const noexcept;
};

enum class CurveShape {
  linear,
  square,
  cube,
  power,
  logarithm,
  exponential,
  logistic,       ///< 1/(1 + e^−z), symmetric.
  gompertz,       ///< exp(−e^−z): sets in fast, saturates slowly.
  late_gompertz,  ///< 1 − exp(−e^z), its mirror image: sets in slowly, ends fast.
  step,
  hinge,
};

/// True for the three S-shaped ones, functions of z = (u − location)/scale.
constexpr bool is_sigmoid(CurveShape shape) noexcept {
  return shape == CurveShape::logistic || shape == CurveShape::gompertz ||
         shape == CurveShape::late_gompertz;
}
/// An S-shaped function of z, its slope, and the z where it reaches `share` in (0, 1).
double sigmoid_value(CurveShape shape, double z) noexcept;
double sigmoid_slope(CurveShape shape, double z) noexcept;
double sigmoid_inverse(CurveShape shape, double share) noexcept;

/// One function of position; `location` and `scale` are in units of the frame's coordinate.
struct Basis {
  CurveShape shape = CurveShape::linear;
  bool log_axis = false;
  double location = 0.0;
  double scale = 1.0;  ///< S-shaped: of z; step: width of the gap; power: exponent of
                       ///< (u + location); exponential: e^(u/scale).
  double value(const Frame& frame, double position) const noexcept;
};

/// A fitted curve: intercept + Σ coefficient·basis, within `range`. What a report draws.
struct Curve {
  series::TransitionModel model = series::TransitionModel::constant;
  Frame frame{};
  double intercept = 0.0;
  struct Term {
    double coefficient = 0.0;
    Basis basis{};
  };
  std::vector<Term> terms{};
  /// What the order parameter can be: the curve is cut off there.
  ValueRange range{};

  double operator()(double position) const noexcept;
};

/// The curve at each position.
std::vector<double> evaluate(const Curve& curve, std::span<const double> positions);

}  // namespace emdyn::emergence
