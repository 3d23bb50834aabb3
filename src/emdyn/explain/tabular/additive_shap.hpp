#pragma once
#include <span>
#include <vector>

#include "emdyn/explain/tabular/tree_shap.hpp"
#include "emdyn/forecast/tabular/additive.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"

namespace emdyn::explain {

/// Exact Shapley values of a linear model in log-odds: beta_j z_j; the background is the bank's
/// mean, a missing value has 0. O(columns).
TreeShares linear_shap(const forecast::Logistic& model, std::span<const double> row);

/// Exact Shapley values of an additive model with pairs: f_j + half of each pair of j. Its parts
/// have mean 0 under the product of the features' distributions, so these are the Shapley values
/// with unknown features drawn from it. O(columns + pairs).
/// Source: Lundberg, Lee, "A Unified Approach to Interpreting Model Predictions", 2017.
TreeShares additive_shap(const forecast::AdditiveModel& model, std::span<const double> row);

/// Interaction values of the same: f_j on the diagonal, half of each pair on either side.
/// [columns, columns], symmetric, rows summing to phi.
std::vector<double> additive_shap_interactions(const forecast::AdditiveModel& model,
                                               std::span<const double> row);

}  // namespace emdyn::explain
