#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"

namespace emdyn::emergence::scaling {

/// A curve of one metric along one size.
enum class CurveKind {
  constant,
  log_linear,  ///< a + b·ln x
  power_law,   ///< a + b·x^(−c)
  logistic,    ///< low + (high − low)/(1 + (x/m)^(−k)): a sigmoid in ln x
  bnsl,        ///< a + b·x^(−c0)·Π(1 + (x/d_i)^(1/f_i))^(−c_i·f_i)
};
std::string_view word(CurveKind kind) noexcept;

/// A fitted curve. `parameters`: constant a; log_linear a, b; power_law a, b, c; logistic low,
/// high, ln m, k; bnsl a, b, c0, then c_i, ln d_i, f_i of each break; x enters as x/unit.
struct ScaleCurve {
  CurveKind kind = CurveKind::constant;
  std::vector<double> parameters{};
  double unit = 1.0;  ///< Geometric mean of the fitted sizes.
  double rest = 0.0;  ///< Residual sum of squares.
  std::size_t points = 0;
  double operator()(double size) const noexcept;
  /// BIC of Gaussian noise; only differences on the same points mean anything.
  double bic() const noexcept;
};

/// Bounds that a curve's levels keep; shares stay within [0, 1].
struct CurveBounds {
  double low = 0.0;
  double high = 0.0;
  bool bounded() const noexcept { return high > low; }
};

/// Least squares. Linear parameters are solved in closed form (variable projection), the others
/// from many starts (bnsl: 32, refined by simplex) on ln x, so that sizes of any unit fit alike.
/// With fewer points than parameters + 1 the curve falls back to the next simpler kind: bnsl →
/// power_law → log_linear → constant. Source of BNSL: Caballero, Gupta, Rish & Krueger, "Broken
/// Neural Scaling Laws", ICLR 2023.
/// @param sizes > 0, as many as values; order does not matter, pairs that are not finite are left
/// out.
/// @throws DataError when sizes differ in number or none is usable.
ScaleCurve fit_curve(CurveKind kind, std::span<const double> sizes, std::span<const double> values,
                     const CurveBounds& bounds = {}, int breaks = 1);

void to_json(Json& json, const ScaleCurve& curve);

}  // namespace emdyn::emergence::scaling
