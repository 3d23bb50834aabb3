#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/forecast/tabular/tree.hpp"

namespace emdyn::forecast {

struct BoostOptions {
  std::size_t trees = 150;      ///< >= 1
  double rate = 0.05;           ///< Of each tree, in (0, 1].
  std::size_t depth = 3;        ///< Of a tree, in [1, 12].
  double fewest = 5.0;          ///< Least sum of p (1 - p) in a leaf, >= 0.
  double penalty = 5.0;         ///< On the squared value of a leaf, >= 0.
  double row_share = 0.7;       ///< Rows drawn for each tree, in (0, 1].
  double column_share = 0.5;    ///< Columns tried at each split, in (0, 1].
  std::size_t bins = 32;        ///< A column, in [2, 250].
  std::vector<int> monotone{};  ///< -1, 0 or +1 for each column; empty: all free.
  std::uint64_t seed = 1;
};

/// Gradient-boosted trees of the log-odds of label 1: P = sigmoid(predict(row)). Missing values
/// take a learned direction. Deterministic for every number of threads.
/// O(trees x depth x rows x columns). Source: Friedman, "Stochastic Gradient Boosting", 2002; Chen,
/// Guestrin, "XGBoost: A Scalable Tree Boosting System", 2016.
/// `weights` may be empty (all one); rows of weight 0 do not count.
/// @throws ConfigError for options out of range; DataError when sizes differ, a value is infinite
/// or only one class has weight.
TreeEnsemble fit_boosted(const FeatureTable& features, std::span<const double> labels,
                         std::span<const double> weights, const BoostOptions& options = {});

struct ForestOptions {
  std::size_t trees = 64;      ///< >= 1
  std::size_t depth = 64;      ///< Of a tree, in [1, 1000].
  double fewest = 3.0;         ///< Least number of rows in a leaf, > 0.
  double column_share = 0.83;  ///< Columns tried at each split, in (0, 1].
  std::size_t bins = 32;       ///< A column, in [2, 250].
  std::uint64_t seed = 1;
};

/// A random forest of regression trees on bootstrapped rows; its scale is 1 / trees, so that each
/// tree by itself predicts the outcome. Source: Breiman, "Random Forests", 2001.
/// @throws ConfigError for options out of range; DataError when sizes differ, there is no row or a
/// value is infinite.
TreeEnsemble fit_forest(const FeatureTable& features, std::span<const double> outcome,
                        const ForestOptions& options = {});

}  // namespace emdyn::forecast
