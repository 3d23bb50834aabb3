#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/forecast/curves/curve_table.hpp"
#include "emdyn/forecast/curves/ensemble.hpp"

namespace emdyn::forecast {

/// Where the level of a signal may be at a few moments ahead. A plain value.
struct PredictiveCurve {
  std::vector<double> h{};                     ///< Moments x > 1, ascending.
  std::vector<double> center{};                ///< On the scale of the link.
  std::vector<double> unit{};                  ///< Of the residuals, same scale.
  std::span<const ResidualFamily> families{};  ///< Must outlive this.
};

/// The ensemble's view at `cells` moments from now to x = `end`, evenly spread in log time.
/// @pre end > 1, cells >= 1.
PredictiveCurve predictive_curve(const CurveEnsemble& ensemble, const CurveTable& table, double end,
                                 std::size_t cells);
/// Persistence's view: it stays as it is, and errs as persistence did on the bank.
PredictiveCurve persistent_curve(const CurveEnsemble& ensemble, const CurveTable& table, double end,
                                 std::size_t cells);

/// The interval of the level at x = h, in the signal's unit. @param level in (0, 1).
series::Interval level_interval(const CurveEnsemble& ensemble, const CurveTable& table, double h,
                                double level);
/// The same of a single record: the level and the noise of one record about it.
series::Interval record_interval(const CurveEnsemble& ensemble, const CurveTable& table, double h,
                                 double level);

/// Equally likely ways for the level to go, drawn with Philox: deterministic. Path p belongs to family
/// p % families; its residual score is a Gaussian process in log time (correlation e^−|log h1/h2|)
/// whose first value is stratified. So marginals are the calibrated ones, and neighbouring moments
/// miss alike.
class CurvePaths {
 public:
  CurvePaths(const PredictiveCurve& curve, std::size_t paths, std::uint64_t seed);

  std::size_t size() const noexcept { return paths_; }
  std::size_t cells() const noexcept { return cells_; }
  /// The level of a path at a moment, on the scale of the link.
  double level(std::size_t path, std::size_t cell) const noexcept {
    return levels_[path * cells_ + cell];
  }
  std::size_t family(std::size_t path) const noexcept { return path % families_; }
  std::size_t families() const noexcept { return families_; }

 private:
  std::size_t paths_;
  std::size_t cells_;
  std::size_t families_;
  std::vector<double> levels_;
};

}  // namespace emdyn::forecast
