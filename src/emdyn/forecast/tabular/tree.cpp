#include "emdyn/forecast/tabular/tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::forecast {

bool TreeNode::goes_left(std::span<const double> row) const noexcept {
  const double x = row[static_cast<std::size_t>(feature)];
  return std::isfinite(x) ? x < threshold : missing_left;
}

double DecisionTree::predict(std::span<const double> row) const noexcept {
  const TreeNode* node = nodes.data();
  while (!node->is_leaf()) {
    node = &nodes[static_cast<std::size_t>(node->goes_left(row) ? node->left : node->right)];
  }
  return node->value;
}

std::size_t DecisionTree::depth() const {
  std::vector<std::size_t> level(nodes.size(), 0);
  std::size_t deepest = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {  // Children stand behind their parents.
    if (nodes[i].is_leaf()) continue;
    level[static_cast<std::size_t>(nodes[i].left)] = level[i] + 1;
    level[static_cast<std::size_t>(nodes[i].right)] = level[i] + 1;
    deepest = std::max(deepest, level[i] + 1);
  }
  return deepest;
}

double TreeEnsemble::predict(std::span<const double> row) const noexcept {
  double sum = 0.0;
  for (const DecisionTree& tree : trees) sum += tree.predict(row);
  return base + scale * sum;
}

}  // namespace emdyn::forecast
