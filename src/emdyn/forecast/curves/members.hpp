#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace emdyn::forecast {

/// The ways in which a curve may go on. Everything is on the scale of the link and in time x, with
/// the last thing known at x = 1.
enum class CurveMember {
  persistence,       ///< It stays where it is.
  local_trend,       ///< Damped line through the last third: the slope dies out as time doubles.
  log_trend,         ///< Line in log time through the second half.
  power_law,         ///< a + b·(x + d)^−c.
  exponential,       ///< a + b·e^(−x/τ).
  logistic,          ///< a + b/(1 + (x/m)^−k): sigmoid in log time.
  gompertz,          ///< a + b·exp(−(x/m)^−k): its slow start, late end.
  broken_power_law,  ///< a + b·x^−c·(1 + (x/d)^(1/f))^(−e·f), f = 0.3: one break.
};
inline constexpr std::size_t kCurveMembers = 8;
std::string_view word(CurveMember member) noexcept;

/// One shape fitted: a weighted few of the family's shapes, each scaled to the data. A plain value.
struct FittedMember {
  struct Shape {
    double weight = 0.0;  ///< The weights sum to 1.
    double slope = 0.0;   ///< b: how much of the shape there is.
    std::array<double, 4> theta{};
  };
  CurveMember member = CurveMember::persistence;
  std::vector<Shape> shapes{};
  double low = 0.0;   ///< No forecast goes below …
  double high = 0.0;  ///< … or beyond these.

  /// What the curve gains from x = 1 to `x` >= 1.
  double gain(double x) const noexcept;
};

/// Fits every family to blocks in x <= 1, ascending (the newest at 1). The nonlinear parameters are
/// on fixed grids, the linear ones by weighted least squares (variable projection: Golub & Pereyra
/// 1973), and shapes are averaged by how well they fit, so that a short prefix speaks for many of
/// them. A shape that is not held by the data (its slope would change the signal by more than three
/// times what it did so far) is held to that. Deterministic; O(250 · blocks).
/// Sources: power laws of learning curves: Hestness et al., arXiv:1712.00409 (2017); broken ones:
/// Caballero et al., "Broken Neural Scaling Laws", ICLR 2023; ensembles of parametric curves: Domhan
/// et al., "Speeding Up Automatic Hyperparameter Optimization of Deep Neural Networks", IJCAI 2015;
/// damped trend: Gardner & McKenzie, Management Science 31 (1985).
/// @param piece x before which a schedule was another one; its blocks are left out where enough stay.
std::array<FittedMember, kCurveMembers> fit_members(std::span<const double> x,
                                                    std::span<const double> z, double piece = 0.0);

}  // namespace emdyn::forecast
