#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/provoke/certify/form.hpp"
#include "emdyn/provoke/certify/region.hpp"

namespace emdyn::provoke::certify {

/// Bounds of a ReLU's argument z, and the line above max(z, 0) between them.
struct Line {
  double lower = 0.0;
  double upper = 0.0;
  double slope = 0.0;  ///< max(z, 0) <= slope * z + intercept on [lower, upper].
  double intercept = 0.0;

  /// Decides slope and intercept, the latter rounded up. @pre low <= high.
  void set(double low, double high) noexcept;
};

/// A ReLU whose sign the bounds leave open: h = max(z, 0), where z is an affine form over the
/// inputs and the outputs of earlier units.
struct Unit {
  Form form{};
  Line line{};            ///< Over the whole region.
  double rounding = 0.0;  ///< How far floating point can move a bound of z.
};

enum class Side : std::int8_t { inactive = -1, open = 0, active = 1 };

/// How a bound is taken: what is assumed of every unit, and the multipliers.
struct Relaxation {
  std::vector<Side> side{};
  std::vector<Line> line{};     ///< Valid where the assumptions hold.
  std::vector<double> alpha{};  ///< Slope of the lower line of an open unit, in [0, 1].
  std::vector<double> beta{};   ///< Multiplier of the assumption z >= 0 or z <= 0, at least 0.
};

enum class SlopeRule : std::uint8_t {
  parallel,  ///< That of the upper line: Fast-Lin, the dual of Wong and Kolter.
  adaptive,  ///< 1 where upper > -lower, else 0: CROWN.
};

/// Lower bounds of forms by back-substitution through open units, for one region. Sources: Zhang et
/// al., "Efficient neural network robustness certification with general activation functions",
/// 2018 (CROWN); Xu et al., "Fast and complete", 2021 (alpha); Wang et al., "Beta-CROWN", 2021.
/// Cost of a bound: the entries of the forms of those units that the objective depends on.
class Dual {
 public:
  /// @param task asked before every step of whatever goes on in steps: searches end early then, and
  /// what they found by then holds.
  Dual(const Region& region, const std::vector<Unit>& units, const Task& task = {})
      : region_(region), units_(units), task_(task) {}

  bool stopped() const noexcept { return task_.stopped(); }

  /// The choice before any optimisation: every unit open whose bounds do not decide it.
  Relaxation initial(SlopeRule slopes) const;

  /// Lower bound of sign * objective where every unit is on its chosen side. Outward rounding of
  /// the objective itself is up to the caller.
  double bound(const Form& objective, double sign, const Relaxation& choice);

  struct Ascent {
    int iterations = 20;
    double stop_above = 0.0;     ///< Ends as soon as the bound is higher.
    double learning_rate = 0.1;  ///< Adam's, for slopes; multipliers in units of their coefficient.
  };
  /// The best bound that projected gradient ascent (Adam) over slopes and multipliers finds;
  /// `choice` becomes the one that gives it, and bound() has been called with it.
  double ascend(const Form& objective, double sign, Relaxation& choice, const Ascent& ascent);

  /// The objective itself, at a point of the region.
  double exact(const Form& objective, std::span<const double> x);
  /// Gradient of the objective by the inputs at the point exact() was last called with.
  std::span<const double> gradient(const Form& objective);

  /// After bound(): where the relaxed minimum is taken.
  std::vector<double> minimiser() const;
  /// After bound(): the coefficient of a unit's output.
  double coefficient(std::size_t unit) const noexcept { return c_[region_.size() + unit]; }
  std::int64_t bounds() const noexcept { return bounds_; }

 private:
  void prepare();
  void relaxed_values(const Relaxation& choice);

  const Region& region_;
  const std::vector<Unit>& units_;
  Task task_;
  std::vector<double> c_{};  // Coefficients of inputs, then of units.
  std::vector<double> v_{};  // Values of inputs, then of units.
  std::vector<double> z_{};
  std::int64_t bounds_ = 0;
};

}  // namespace emdyn::provoke::certify
