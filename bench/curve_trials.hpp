#pragma once
#include <array>
#include <string>
#include <vector>

#include "curve_bank.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/forecast/curves/curve_forecast.hpp"
#include "emdyn/forecast/curves/curve_table.hpp"

namespace emdyn::bench {

/// One moment of a curve of the bank, a horizon, and what came.
struct CurveTrial {
  std::size_t curve = 0;    ///< Index into the bank.
  std::size_t horizon = 0;  ///< Index into forecast::kHorizons.
  double at = 0.0;
  double deadline = 0.0;  ///< Position of the last record that counts.
  double h = 1.0;         ///< x of the deadline.
  double truth = 0.0;  ///< The level there, in the signal's unit: the median of the last hundredth.
  double last = 0.0;   ///< The last single record there.
  double scale = 1.0;  ///< By which errors on this curve are divided: its own scatter.
  forecast::CurveBlocks blocks{};
  /// Absolute error of each member, on the scale of the link.
  std::array<double, forecast::kCurveMembers> member_errors{};
};

/// Trials of every curve: at each horizon from up to three moments. In the order of the bank.
std::vector<CurveTrial> curve_trials(const std::vector<BankCurve>& bank, const Task& task);

/// What a competitor says the level will be, on the scale of the link.
struct SimpleCurves {
  double persistence = 0.0;
  double linear_trend = 0.0;  ///< Least squares through the last half.
  double damped_trend = 0.0;  ///< Exponential smoothing with a damped additive trend (ETS A,Ad,N).
  double power_law = 0.0;     ///< a + b·x^−c by least squares over the whole.
};
SimpleCurves simple_curves(const forecast::CurveBlocks& blocks, double h);

/// The table learned on the trials of all sources but one (empty: none is left out).
forecast::CurveTable learn_table(const std::vector<BankCurve>& bank,
                                 const std::vector<CurveTrial>& trials, const std::string& left_out,
                                 const Task& task);

/// Whether the event came between the moment of the trial and its deadline; nothing where the curve
/// had not moved by more than its noise.
std::optional<bool> event_came(forecast::TargetKind kind, const BankCurve& curve,
                               const CurveTrial& trial);

/// A level asked for: so many of the last octave's moves farther on.
struct LevelTrial {
  bool rises = true;
  double value = 0.0;
  double moves = 0.0;
  bool came = false;
};
std::vector<LevelTrial> level_trials(const BankCurve& curve, const CurveTrial& trial);

/// The curve's records up to `at`.
forecast::CurveInput input_at(const BankCurve& curve, double at);

}  // namespace emdyn::bench
