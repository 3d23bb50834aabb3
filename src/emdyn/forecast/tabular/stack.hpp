#pragma once
#include <span>
#include <string>
#include <vector>

#include "emdyn/forecast/tabular/table.hpp"

namespace emdyn::forecast {

/// log-odds = intercept + sum of weight x (log-odds of a member), weights >= 0: a forecast put
/// together from several. A member that only repeats others gets weight 0.
struct Stack {
  double intercept = 0.0;
  std::vector<double> weight{};  ///< One a member, >= 0.

  double log_odds(std::span<const double> members) const noexcept;
};

/// Log-odds as a stack takes them: within +-12, so that no member can be infinitely wrong.
double held_log_odds(double log_odds) noexcept;

/// Least log loss under the bounds, by Newton's method; members are log-odds, held within +-12. Fit
/// it on forecasts that the members made of groups they had not seen: its log loss on these rows is
/// then at most that of every single member and of the base rate (plus `penalty` / 2 x sum of
/// weight^2). Weights of rows may be empty. O(iterations x rows x members^2).
/// Source: Wolpert, "Stacked Generalization", 1992; Breiman, "Stacked Regressions", 1996 (why the
/// weights must not be negative).
/// @throws DataError when sizes differ, a log-odds is no number or only one class has weight.
Stack fit_stack(const FeatureTable& members, std::span<const double> labels,
                std::span<const double> weights = {}, double penalty = 1e-3);

/// Mean of -log P(label); log-odds of any size. Weights may be empty. NaN for no rows.
double log_loss(std::span<const double> log_odds, std::span<const double> labels,
                std::span<const double> weights = {});

}  // namespace emdyn::forecast
