#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/tabular/bins.hpp"

namespace emdyn::forecast {

/// A node of a tree. Rows whose feature is below the threshold go left, others right; missing
/// values (anything that is not finite) go where the training rows lose least.
struct TreeNode {
  std::int32_t feature = -1;  ///< -1: a leaf.
  double threshold = 0.0;
  bool missing_left = false;
  std::int32_t left = -1;
  std::int32_t right = -1;
  double value = 0.0;  ///< Of a leaf.
  double cover = 0.0;  ///< Weight of the training rows that came here, > 0.

  bool is_leaf() const noexcept { return feature < 0; }
  bool goes_left(std::span<const double> row) const noexcept;
};

/// A binary tree; node 0 is its root.
struct DecisionTree {
  std::vector<TreeNode> nodes{TreeNode{}};

  double predict(std::span<const double> row) const noexcept;
  /// Splits on the longest way from the root to a leaf.
  std::size_t depth() const;
};

/// base + scale x sum of the trees: a boosted model (scale 1) or a forest (scale 1 / trees).
struct TreeEnsemble {
  std::size_t columns = 0;
  double base = 0.0;
  double scale = 1.0;
  std::vector<DecisionTree> trees{};

  double predict(std::span<const double> row) const noexcept;
};

struct GrowOptions {
  std::size_t depth = 3;
  double fewest = 1.0;          ///< Least sum of second derivatives on either side of a split.
  double penalty = 1.0;         ///< lambda of lambda/2 x value^2 of each leaf, >= 0.
  double least_gain = 1e-9;     ///< A split must lower the loss by more than half of this.
  double column_share = 1.0;    ///< Columns tried at each split, in (0, 1].
  std::vector<int> monotone{};  ///< +1 never falls, -1 never rises with the column; empty: free.
};

/// Grows one tree on first and second derivatives of a loss; a leaf's value is the Newton step
/// -G / (H + lambda), held between its neighbours where a column is monotone. `rows` are those that
/// count. O(rows x columns x depth). Depends on its arguments only, not on the number of threads.
/// Source: Chen, Guestrin, "XGBoost: A Scalable Tree Boosting System", 2016 (split gain, default
/// direction); Friedman, "Greedy Function Approximation", 2001.
DecisionTree grow_tree(const BinnedTable& table, const Bins& bins, std::span<const double> gradient,
                       std::span<const double> hessian, std::vector<std::uint32_t> rows,
                       const GrowOptions& options, Philox& random);

}  // namespace emdyn::forecast
