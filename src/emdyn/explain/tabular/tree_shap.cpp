#include "emdyn/explain/tabular/tree_shap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/explain/tabular/quadrature.hpp"

namespace emdyn::explain {
namespace {

using forecast::DecisionTree;
using forecast::TreeEnsemble;
using forecast::TreeNode;

void check_row(const TreeEnsemble& model, std::span<const double> row) {
  if (row.size() != model.columns) {
    throw DataError(
        fmt::format("shap: the model has {} features, the row {}", model.columns, row.size()));
  }
}

const TreeNode& node_at(const DecisionTree& tree, std::int32_t index) {
  return tree.nodes[static_cast<std::size_t>(index)];
}

// Most different features on a way from the root to a leaf.
std::size_t most_features(const DecisionTree& tree, std::size_t columns) {
  struct Visit {
    std::int32_t node;
    bool leaving;
  };
  std::vector<std::size_t> uses(columns, 0);
  std::size_t here = 0;
  std::size_t most = 0;
  std::vector<Visit> visits{{0, false}};
  while (!visits.empty()) {
    const Visit visit = visits.back();
    visits.pop_back();
    const TreeNode& node = node_at(tree, visit.node);
    if (node.is_leaf()) continue;
    std::size_t& count = uses[static_cast<std::size_t>(node.feature)];
    if (visit.leaving) {
      if (--count == 0) --here;
      continue;
    }
    if (count++ == 0) ++here;
    most = std::max(most, here);
    visits.push_back({visit.node, true});
    visits.push_back({node.left, false});
    visits.push_back({node.right, false});
  }
  return most;
}

double cover_share(const TreeNode& parent, const TreeNode& child) {
  return parent.cover > 0.0 ? child.cover / parent.cover : 0.5;
}

// One feature on a path: whether the row goes this way at every split on it, and which share of the training rows.
struct Fraction {
  double row = 1.0;
  double rows = 1.0;
  double factor(double t) const noexcept { return t * row + (1.0 - t) * rows; }
};

// One feature on the way to here, with the inverse of its factor at every node of the quadrature.
struct OnPath {
  Fraction fraction{};
  const double* inverse = nullptr;
};

// Sums over the edges of one tree. At each level of the walk, `product` holds the product of the factors of the path's
// features at every node of the quadrature, `inverse` that of the last feature's own factor, `sum` gathers value x
// product over the leaves below.
class PathShap {
 public:
  PathShap(const DecisionTree& tree, std::size_t depth, std::span<const double> row,
           const Quadrature& rule, std::span<double> phi)
      : tree_(tree),
        row_(row),
        rule_(rule),
        points_(rule.at.size()),
        phi_(phi),
        buffer_(3 * points_ * (depth + 2)),
        features_(row.size()) {
    std::fill_n(product(0), points_, 1.0);
    std::fill_n(inverse(0), points_, 1.0);
    for (OnPath& each : features_) each.inverse = inverse(0);
  }

  // The expectation over the covers.
  double run() {
    visit(0, 0, 1.0);
    return base_;
  }

 private:
  double* product(std::size_t level) { return buffer_.data() + 3 * points_ * level; }
  double* sum(std::size_t level) { return product(level) + points_; }
  double* inverse(std::size_t level) { return product(level) + 2 * points_; }

  // `reach`: share of the training rows that come here.
  void visit(std::int32_t index, std::size_t level, double reach) {
    const TreeNode& node = node_at(tree_, index);
    double* const here = sum(level);
    if (node.is_leaf()) {
      base_ += reach * node.value;
      const double* const factors = product(level);
      for (std::size_t k = 0; k < points_; ++k) here[k] = node.value * factors[k];
      return;
    }
    std::fill_n(here, points_, 0.0);
    const bool row_left = node.goes_left(row_);
    for (const bool left : {true, false}) {
      const std::int32_t child = left ? node.left : node.right;
      const double share = cover_share(node, node_at(tree_, child));
      edge(static_cast<std::size_t>(node.feature), child, left == row_left, share, level, reach);
    }
  }

  void edge(std::size_t feature, std::int32_t child, bool taken, double share, std::size_t level,
            double reach) {
    const OnPath before = features_[feature];
    const Fraction here{taken ? before.fraction.row : 0.0, before.fraction.rows * share};
    // Neither the row nor any training row comes here: nothing below counts.
    if (here.row == 0.0 && here.rows == 0.0) return;
    const double* const old_product = product(level);
    double* const new_product = product(level + 1);
    double* const own_inverse = inverse(level + 1);
    for (std::size_t k = 0; k < points_; ++k) {
      const double factor = here.factor(rule_.at[k]);
      own_inverse[k] = 1.0 / factor;
      new_product[k] = old_product[k] * before.inverse[k] * factor;
    }
    features_[feature] = {here, own_inverse};
    visit(child, level + 1, reach * share);
    features_[feature] = before;
    const double* const below = sum(level + 1);
    double* const total = sum(level);
    double own = 0.0;
    double above = 0.0;
    for (std::size_t k = 0; k < points_; ++k) {
      total[k] += below[k];
      own += rule_.weight[k] * below[k] * own_inverse[k];
      above += rule_.weight[k] * below[k] * before.inverse[k];
    }
    // What the last edge of this feature above counts for the same leaves is taken back.
    phi_[feature] +=
        (here.row - here.rows) * own - (before.fraction.row - before.fraction.rows) * above;
  }

  const DecisionTree& tree_;
  std::span<const double> row_;
  const Quadrature& rule_;
  std::size_t points_;
  std::span<double> phi_;
  std::vector<double> buffer_;
  std::vector<OnPath> features_;
  double base_ = 0.0;
};

// (own - 1)! other! / (own + other)!: the weight of one of `own` features that must all be known, while none of
// `other` may be.
double known_weight(std::size_t own, std::size_t other) {
  double weight = 1.0 / static_cast<double>(own + other);
  for (std::size_t k = 1; k <= other; ++k) {
    weight *= static_cast<double>(k) / static_cast<double>(own - 1 + k);
  }
  return weight;
}

// Walks the leaves that mixtures of a row and one background row can reach.
class MixtureShap {
 public:
  MixtureShap(const DecisionTree& tree, std::span<const double> row, std::span<const double> other,
              double share, std::span<double> phi)
      : tree_(tree), row_(row), other_(other), share_(share), phi_(phi), use_(row.size()) {}

  void run() { visit(0); }

 private:
  enum class Use : std::uint8_t { free, row, other };

  void visit(std::int32_t index) {
    const TreeNode& node = node_at(tree_, index);
    if (node.is_leaf()) {
      leaf(node.value);
      return;
    }
    const auto feature = static_cast<std::size_t>(node.feature);
    const bool row_left = node.goes_left(row_);
    const bool other_left = node.goes_left(other_);
    if (row_left == other_left) {
      visit(row_left ? node.left : node.right);
      return;
    }
    if (use_[feature] != Use::other) {
      follow(feature, Use::row, of_row_, row_left ? node.left : node.right);
    }
    if (use_[feature] != Use::row) {
      follow(feature, Use::other, of_other_, other_left ? node.left : node.right);
    }
  }

  void follow(std::size_t feature, Use use, std::vector<std::size_t>& list, std::int32_t child) {
    const bool fresh = use_[feature] == Use::free;
    if (fresh) {
      use_[feature] = use;
      list.push_back(feature);
    }
    visit(child);
    if (fresh) {
      use_[feature] = Use::free;
      list.pop_back();
    }
  }

  void leaf(double value) {
    const std::size_t a = of_row_.size();
    const std::size_t b = of_other_.size();
    if (a > 0) {
      const double each = share_ * value * known_weight(a, b);
      for (const std::size_t feature : of_row_) phi_[feature] += each;
    }
    if (b > 0) {
      const double each = share_ * value * known_weight(b, a);
      for (const std::size_t feature : of_other_) phi_[feature] -= each;
    }
  }

  const DecisionTree& tree_;
  std::span<const double> row_;
  std::span<const double> other_;
  double share_;
  std::span<double> phi_;
  std::vector<Use> use_;
  std::vector<std::size_t> of_row_{};
  std::vector<std::size_t> of_other_{};
};

// Pairs of features of each leaf's path, by the same integral with two factors left out.
class PairShap {
 public:
  PairShap(const DecisionTree& tree, std::span<const double> row, const Quadrature& rule,
           double scale, std::span<double> matrix)
      : tree_(tree),
        row_(row),
        rule_(rule),
        scale_(scale),
        matrix_(matrix),
        fractions_(row.size()),
        uses_(row.size(), 0) {}

  void run() { visit(0); }

 private:
  void visit(std::int32_t index) {
    const TreeNode& node = node_at(tree_, index);
    if (node.is_leaf()) {
      leaf(node.value);
      return;
    }
    const auto feature = static_cast<std::size_t>(node.feature);
    const bool row_left = node.goes_left(row_);
    for (const bool left : {true, false}) {
      const std::int32_t child = left ? node.left : node.right;
      const Fraction before = fractions_[feature];
      const Fraction here{left == row_left ? before.row : 0.0,
                          before.rows * cover_share(node, node_at(tree_, child))};
      if (here.row == 0.0 && here.rows == 0.0) continue;
      fractions_[feature] = here;
      if (uses_[feature]++ == 0) path_.push_back(feature);
      visit(child);
      if (--uses_[feature] == 0) path_.pop_back();
      fractions_[feature] = before;
    }
  }

  void leaf(double value) {
    std::vector<double> product(rule_.at.size(), 1.0);
    for (const std::size_t feature : path_) {
      for (std::size_t k = 0; k < product.size(); ++k) {
        product[k] *= fractions_[feature].factor(rule_.at[k]);
      }
    }
    const std::size_t columns = row_.size();
    for (std::size_t a = 0; a < path_.size(); ++a) {
      for (std::size_t b = a + 1; b < path_.size(); ++b) {
        const Fraction& first = fractions_[path_[a]];
        const Fraction& second = fractions_[path_[b]];
        double integral = 0.0;
        for (std::size_t k = 0; k < product.size(); ++k) {
          const double t = rule_.at[k];
          integral += rule_.weight[k] * product[k] / (first.factor(t) * second.factor(t));
        }
        // Halved: a pair stands in two places of the matrix.
        const double share =
            0.5 * scale_ * value * (first.row - first.rows) * (second.row - second.rows) * integral;
        matrix_[path_[a] * columns + path_[b]] += share;
        matrix_[path_[b] * columns + path_[a]] += share;
      }
    }
  }

  const DecisionTree& tree_;
  std::span<const double> row_;
  const Quadrature& rule_;
  double scale_;
  std::span<double> matrix_;
  std::vector<Fraction> fractions_;
  std::vector<int> uses_;
  std::vector<std::size_t> path_{};
};

double known_value_of(const DecisionTree& tree, std::span<const double> row,
                      const std::vector<bool>& known, std::int32_t index) {
  const TreeNode& node = node_at(tree, index);
  if (node.is_leaf()) return node.value;
  if (known[static_cast<std::size_t>(node.feature)]) {
    return known_value_of(tree, row, known, node.goes_left(row) ? node.left : node.right);
  }
  return cover_share(node, node_at(tree, node.left)) * known_value_of(tree, row, known, node.left) +
         cover_share(node, node_at(tree, node.right)) *
             known_value_of(tree, row, known, node.right);
}

}  // namespace

TreeShap::TreeShap(const TreeEnsemble& model) : model_(&model) {
  for (const DecisionTree& tree : model.trees) {
    depths_.push_back(tree.depth());
    // The integrand has one degree less than the path has features.
    const std::size_t points = most_features(tree, model.columns) / 2 + 1;
    points_.push_back(points);
    if (rules_.size() <= points) rules_.resize(points + 1);
    if (rules_[points].at.empty()) rules_[points] = gauss_legendre(points);
  }
}

TreeShares TreeShap::operator()(std::span<const double> row) const {
  check_row(*model_, row);
  TreeShares shares{model_->base, std::vector<double>(model_->columns, 0.0)};
  std::vector<double> phi(model_->columns, 0.0);
  for (std::size_t t = 0; t < model_->trees.size(); ++t) {
    const Quadrature& rule = rules_[points_[t]];
    shares.base += model_->scale * PathShap(model_->trees[t], depths_[t], row, rule, phi).run();
  }
  for (std::size_t j = 0; j < phi.size(); ++j) shares.phi[j] = model_->scale * phi[j];
  return shares;
}

std::vector<double> TreeShap::interactions(std::span<const double> row) const {
  const TreeShares shares = (*this)(row);
  const std::size_t columns = model_->columns;
  std::vector<double> matrix(columns * columns, 0.0);
  for (std::size_t t = 0; t < model_->trees.size(); ++t) {
    PairShap(model_->trees[t], row, rules_[points_[t]], model_->scale, matrix).run();
  }
  for (std::size_t i = 0; i < columns; ++i) {
    double others = 0.0;
    for (std::size_t j = 0; j < columns; ++j) {
      if (j != i) others += matrix[i * columns + j];
    }
    matrix[i * columns + i] = shares.phi[i] - others;
  }
  return matrix;
}

TreeShares tree_shap(const TreeEnsemble& model, std::span<const double> row) {
  return TreeShap(model)(row);
}

TreeShares tree_shap(const TreeEnsemble& model, std::span<const double> row,
                     const forecast::FeatureTable& background) {
  check_row(model, row);
  if (background.rows() == 0 || background.columns != model.columns) {
    throw DataError(fmt::format("shap: the background has {} rows of {} features, the model {}",
                                background.rows(), background.columns, model.columns));
  }
  TreeShares shares{0.0, std::vector<double>(model.columns, 0.0)};
  const double share = 1.0 / static_cast<double>(background.rows());
  for (std::size_t b = 0; b < background.rows(); ++b) {
    const auto other = background.row(b);
    shares.base += share * model.predict(other);
    for (const DecisionTree& tree : model.trees) {
      MixtureShap(tree, row, other, share * model.scale, shares.phi).run();
    }
  }
  return shares;
}

std::vector<double> tree_shap_interactions(const TreeEnsemble& model, std::span<const double> row) {
  return TreeShap(model).interactions(row);
}

double known_value(const TreeEnsemble& model, std::span<const double> row,
                   const std::vector<bool>& known) {
  check_row(model, row);
  double sum = 0.0;
  for (const DecisionTree& tree : model.trees) sum += known_value_of(tree, row, known, 0);
  return model.base + model.scale * sum;
}

}  // namespace emdyn::explain
