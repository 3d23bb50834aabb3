#pragma once
#include <span>
#include <vector>

#include "emdyn/explain/tabular/quadrature.hpp"
#include "emdyn/forecast/tabular/tree.hpp"

namespace emdyn::explain {

/// Shares of the features in one prediction: base + sum of phi = prediction.
struct TreeShares {
  double base = 0.0;
  std::vector<double> phi{};  ///< [columns]
};

/// Shapley values of an ensemble for one row, features that are not known being drawn by the
/// covers of the training rows ("path-dependent"). A leaf's share for a feature of its path is an
/// integral over t in [0, 1] of a product of one factor a feature, t x (the row takes the path) +
/// (1 - t) x (share of rows that do); Gauss-Legendre nodes, as many as half the features of the
/// longest path, integrate this polynomial exactly, and as no factor is negative nothing cancels at
/// any depth. O(nodes x features of the longest path).
/// Source: Lundberg et al., "From Local Explanations to Global Understanding", 2020 (the value
/// function); Yu et al., "Linear TreeShap", 2022 (sums over edges).
/// @throws DataError when the row has another number of columns than the ensemble.
TreeShares tree_shap(const forecast::TreeEnsemble& model, std::span<const double> row);

/// The same for many rows of one ensemble, which must outlive it: what depends on the trees alone is
/// computed once. May be asked from several threads.
class TreeShap {
 public:
  explicit TreeShap(const forecast::TreeEnsemble& model);

  /// @throws as tree_shap.
  TreeShares operator()(std::span<const double> row) const;
  /// As tree_shap_interactions.
  std::vector<double> interactions(std::span<const double> row) const;

 private:
  const forecast::TreeEnsemble* model_;
  std::vector<std::size_t> depths_{};
  std::vector<std::size_t> points_{};  ///< Nodes of the quadrature for each tree.
  std::vector<Quadrature> rules_{};    ///< By number of nodes.
};

/// The same with unknown features taken from each row of `background` in turn ("interventional"):
/// the Shapley values of the mean over the background of the prediction with the unknown features
/// replaced. O(trees x background x nodes reached x depth).
/// @throws DataError when sizes differ or the background is empty.
TreeShares tree_shap(const forecast::TreeEnsemble& model, std::span<const double> row,
                     const forecast::FeatureTable& background);

/// Path-dependent interaction values: [columns, columns], symmetric; each row sums to phi of its
/// feature, the diagonal being what the feature does alone.
/// O(leaves x features of a path^2 x nodes of the quadrature).
/// @throws as tree_shap.
std::vector<double> tree_shap_interactions(const forecast::TreeEnsemble& model,
                                           std::span<const double> row);

/// What the ensemble predicts when only the columns marked are known, the others being drawn by the
/// covers: the value function of the path-dependent values. O(nodes).
double known_value(const forecast::TreeEnsemble& model, std::span<const double> row,
                   const std::vector<bool>& known);

}  // namespace emdyn::explain
