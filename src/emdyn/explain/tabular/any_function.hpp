#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "emdyn/forecast/tabular/table.hpp"

/// Explanations that only ask a function for its values.
namespace emdyn::explain {

using RowFunction = std::function<double(std::span<const double> row)>;

struct SampledShares {
  double base = 0.0;            ///< Mean over the background.
  std::vector<double> phi{};    ///< base + their sum = the function at the row, exactly.
  std::vector<double> error{};  ///< Standard error of each phi.
};

/// Shapley values by random orders of the features, each with its reverse, unknown features coming
/// from the background rows in turn; every order adds up exactly. 2 (columns + 1) calls an order.
/// The function is called from several threads. Deterministic.
/// Source: Castro, Gomez, Tejada, "Polynomial Calculation of the Shapley Value Based on Sampling",
/// 2009; Mitchell et al., "Sampling Permutations for Shapley Value Estimation", 2022 (reversed
/// orders).
/// @throws ConfigError for fewer than 2 orders; DataError when the background is empty or has other
/// columns than the row.
SampledShares permutation_shap(const RowFunction& function, std::span<const double> row,
                               const forecast::FeatureTable& background, std::size_t orders = 200,
                               std::uint64_t seed = 1);

/// Mean of the function over the background with some columns held at given values.
double partial_dependence(const RowFunction& function, const forecast::FeatureTable& background,
                          std::span<const std::size_t> columns, std::span<const double> values);

/// Friedman's H^2 of two features: the share of the variance of their common partial dependence
/// that the sum of the single ones does not explain; 0 for an additive function, 1 for one that only
/// acts through both. 0 where the function does not depend on either. O(rows^2) calls.
/// Source: Friedman, Popescu, "Predictive Learning via Rule Ensembles", 2008.
/// @throws DataError for fewer than 2 rows; ConfigError for a column that is not there or twice the
/// same.
double interaction_strength(const RowFunction& function, const forecast::FeatureTable& background,
                            std::size_t first, std::size_t second);

}  // namespace emdyn::explain
