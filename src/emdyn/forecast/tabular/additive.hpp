#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/forecast/tabular/bins.hpp"

namespace emdyn::forecast {

/// What one feature adds to the log-odds: a step function over its bins, missing values last.
struct ShapeFunction {
  std::vector<double> value{};  ///< [bins + 1]; mean 0 under `share`.
  std::vector<double> error{};  ///< [bins + 1]; standard deviation over the bags, before pairs.
  std::vector<double> share{};  ///< [bins + 1]; of the training rows, sum 1.
};

/// What two features add together beyond both shapes.
struct PairShape {
  std::size_t first = 0;
  std::size_t second = 0;
  std::vector<double> value{};  ///< [bins of first + 1, bins of second + 1]; all marginal means 0.
};

/// A generalised additive model with pairwise interactions (GA2M, explainable boosting):
/// log-odds = intercept + sum f_j(x_j) + sum f_jk(x_j, x_k). Shapes and pairs are a functional
/// ANOVA under the product of the features' distributions: each has mean 0, and pairs have mean 0
/// along both of their features, so that no part can be moved into another.
struct AdditiveModel {
  Bins bins{};    ///< Of the shapes.
  Bins coarse{};  ///< Of the pairs; each of its cuts is one of `bins`.
  double intercept = 0.0;
  std::vector<ShapeFunction> shapes{};  ///< One a column.
  std::vector<PairShape> pairs{};

  double log_odds(std::span<const double> row) const noexcept;
  double shape(std::size_t column, double x) const noexcept;
  double pair(std::size_t index, std::span<const double> row) const noexcept;
};

struct AdditiveOptions {
  std::size_t rounds = 100;     ///< Passes over all columns, >= 1.
  double rate = 0.05;           ///< Of each step, in (0, 1].
  std::size_t pairs = 8;        ///< Pairs kept of those ranked; 0 for none.
  std::size_t bags = 4;         ///< Resamples of groups whose models are averaged, >= 1.
  std::size_t bins = 32;        ///< Of a shape, in [2, 250].
  std::size_t coarse_bins = 8;  ///< Of a pair, in [2, 32].
  double penalty = 5.0;         ///< On the squared step of a leaf, >= 0.
  double fewest = 5.0;          ///< Least sum of p (1 - p) in a leaf, >= 0.
  std::uint64_t seed = 1;
};

/// Fits by cyclic boosting: each step puts a tree of at most three leaves (and one for missing
/// values) on one column, then the next. Pairs are ranked on what the shapes leave over by the best
/// cut into four quadrants (FAST), and boosted in the same way. Bags draw whole groups, so errors
/// are those of new groups. Deterministic for every number of threads.
/// O(bags x rounds x rows x columns) and O(rows x columns^2) for the ranking.
/// Source: Lou, Caruana, Gehrke, Hooker, "Accurate Intelligible Models with Pairwise Interactions",
/// 2013; Lengerich et al., "Purifying Interaction Effects with the Functional ANOVA", 2020.
/// `groups[i]` numbers the group of row i from 0; empty: each row its own.
/// @throws ConfigError for options out of range; DataError when sizes differ, a value is infinite
/// or only one class is present.
AdditiveModel fit_additive(const FeatureTable& features, std::span<const double> labels,
                           std::span<const std::size_t> groups,
                           const AdditiveOptions& options = {});

}  // namespace emdyn::forecast
