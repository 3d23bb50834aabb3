#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/emergence/scaling/methods.hpp"

/// Intervals and judgement by leaving out whole groups.
namespace emdyn::emergence::scaling {

/// What is left out together.
enum class LeaveOut {
  family,   ///< One family after another.
  size,     ///< One parameter count after another, of all families.
  largest,  ///< The largest quarter of the parameter counts, at once.
};
std::string_view word(LeaveOut scheme) noexcept;

struct LeftOut {
  std::string name{};
  std::vector<std::size_t> seen{}, left{};
};
/// @throws DataError when nothing would be left to fit (one family, one size).
std::vector<LeftOut> leave_out(std::span<const ScaleModel> models, LeaveOut scheme);

/// The jackknife+ of one point from leave-group-out fits: quantiles of prediction ∓ |residual|.
/// With n residuals the rank is ⌈level·(n + 1)⌉, at most n: below 1/(1 − level) − 1 residuals the
/// interval is the widest there is, not one of the level. Source: Barber, Candès, Ramdas &
/// Tibshirani, "Predictive Inference with the Jackknife+", Annals of Statistics 49 (2021).
/// @param predictions of the point by the fit that left out the i-th one; NaN pairs are skipped.
struct ConformalInterval {
  double low = 0.0, high = 0.0;
};
ConformalInterval jackknife_plus(std::span<const double> predictions,
                                 std::span<const double> residuals, double level);

/// Predictions with intervals, [targets, metrics] each.
struct ScaleForecast {
  Eigen::MatrixXd estimate{}, low{}, high{};
  double level = 0.9;
};

/// A method's predictions with conformal intervals. Targets within the sizes seen: jackknife+, leaving out whole sizes, or
/// whole families where the target's family was not seen. Targets larger than every model seen: errors of predicting the
/// larger models seen from the smaller ones (two sizes at least), over √ln(size/largest fitted), times that of the target:
/// errors of extrapolation grow like a random walk in log size. Deterministic for any number of threads.
/// @param level in (0, 1). @throws DataError with one group only, ConfigError for the level.
ScaleForecast forecast_scale(const ScaleMethod& method, const ScaleData& seen,
                             std::span<const ScaleModel> targets, double level = 0.9);

/// How one method did on the metrics of one kind.
struct ScalingScore {
  std::string_view method{};
  LeaveOut scheme = LeaveOut::family;
  MetricScale scale = MetricScale::share;
  double rmse = 0.0;
  double coverage = 0.0;  ///< Share of the intervals that hold; NaN without intervals.
  double width = 0.0;     ///< Mean width of the intervals; NaN without.
  std::size_t count = 0;  ///< Predictions: left-out models times metrics.
};

/// Every method on every left-out group; intervals for the methods that are no baselines.
std::vector<ScalingScore> judge_scaling(const ScaleData& data, LeaveOut scheme, double level = 0.9);

void to_json(Json& json, const ScalingScore& score);

}  // namespace emdyn::emergence::scaling
