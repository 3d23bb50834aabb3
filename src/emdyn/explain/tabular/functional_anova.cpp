#include "emdyn/explain/tabular/functional_anova.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"

namespace emdyn::explain {
namespace {

using forecast::Bins;
using forecast::DecisionTree;
using forecast::FeatureTable;
using forecast::TreeNode;

// Bins [from, to) of each column.
struct Box {
  std::vector<std::size_t> from;
  std::vector<std::size_t> to;
};

struct Space {
  Bins bins;
  std::vector<std::vector<double>> share;       // [columns][bins]
  std::vector<std::vector<double>> cumulative;  // [columns][bins + 1]

  std::size_t columns() const { return bins.columns(); }
  double mass(std::size_t column, const Box& box) const {
    return cumulative[column][box.to[column]] - cumulative[column][box.from[column]];
  }
};

Space space_of(const FeatureTable& table, std::size_t bins) {
  Space space{Bins::of(table, bins), {}, {}};
  for (std::size_t j = 0; j < table.columns; ++j) {
    std::vector<double> share(space.bins.count(j), 0.0);
    double total = 0.0;
    for (std::size_t i = 0; i < table.rows(); ++i) {
      const double x = table.row(i)[j];
      if (!std::isfinite(x)) continue;
      share[space.bins.bin(j, x)] += 1.0;
      total += 1.0;
    }
    std::vector<double> cumulative{0.0};
    for (double& each : share) {
      each = total > 0.0 ? each / total : 1.0 / static_cast<double>(share.size());
      cumulative.push_back(cumulative.back() + each);
    }
    cumulative.back() = 1.0;
    space.share.push_back(std::move(share));
    space.cumulative.push_back(std::move(cumulative));
  }
  return space;
}

// Calls `leaf(value, box)` for every leaf that has room in the space.
void each_leaf(const DecisionTree& tree, const Space& space, std::size_t index, Box& box,
               const std::function<void(double, const Box&)>& leaf) {
  const TreeNode& node = tree.nodes[index];
  if (node.is_leaf()) {
    leaf(node.value, box);
    return;
  }
  const auto j = static_cast<std::size_t>(node.feature);
  // The first bin at or above the threshold: thresholds are cuts of the same table.
  const std::size_t cut = space.bins.bin(j, node.threshold);
  const std::size_t from = box.from[j];
  const std::size_t to = box.to[j];
  box.to[j] = std::clamp(cut, from, to);
  if (box.to[j] > from) {
    each_leaf(tree, space, static_cast<std::size_t>(node.left), box, leaf);
  }
  box.from[j] = box.to[j];
  box.to[j] = to;
  if (box.from[j] < to) {
    each_leaf(tree, space, static_cast<std::size_t>(node.right), box, leaf);
  }
  box.from[j] = from;
}

// What one tree says.
struct TreeAnova {
  double mean = 0.0;
  double variance = 0.0;
  std::vector<std::vector<double>> single;  // [columns][bins], marginal means
  std::vector<std::vector<double>> pairs;   // [pairs][bins x bins], marginal means
  std::vector<double> single_variance;
  std::vector<double> pair_variance;
};

// Corners of boxes, summed up once at the end.
class Corners {
 public:
  Corners(std::size_t rows, std::size_t columns)
      : rows_(rows), columns_(columns), sums_((rows + 1) * (columns + 1), 0.0) {}
  void add(std::size_t r0, std::size_t r1, std::size_t c0, std::size_t c1, double value) {
    const std::size_t stride = columns_ + 1;
    sums_[r0 * stride + c0] += value;
    sums_[r0 * stride + c1] -= value;
    sums_[r1 * stride + c0] -= value;
    sums_[r1 * stride + c1] += value;
  }
  std::vector<double> summed() const {
    const std::size_t stride = columns_ + 1;
    std::vector<double> table(rows_ * columns_, 0.0);
    for (std::size_t r = 0; r < rows_; ++r) {
      double line = 0.0;
      for (std::size_t c = 0; c < columns_; ++c) {
        line += sums_[r * stride + c];
        table[r * columns_ + c] = line + (r > 0 ? table[(r - 1) * columns_ + c] : 0.0);
      }
    }
    return table;
  }

 private:
  std::size_t rows_;
  std::size_t columns_;
  std::vector<double> sums_;
};

void add_variances(const Space& space, TreeAnova& tree) {
  const std::size_t n = space.columns();
  for (std::size_t j = 0; j < n; ++j) {
    double variance = 0.0;
    for (std::size_t b = 0; b < space.share[j].size(); ++b) {
      variance += space.share[j][b] * std::pow(tree.single[j][b] - tree.mean, 2);
    }
    tree.single_variance.push_back(variance);
  }
  std::size_t p = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j, ++p) {
      const std::size_t columns = space.share[j].size();
      double variance = 0.0;
      for (std::size_t a = 0; a < space.share[i].size(); ++a) {
        for (std::size_t b = 0; b < columns; ++b) {
          const double beyond =
              tree.pairs[p][a * columns + b] - tree.single[i][a] - tree.single[j][b] + tree.mean;
          variance += space.share[i][a] * space.share[j][b] * beyond * beyond;
        }
      }
      tree.pair_variance.push_back(variance);
    }
  }
}

TreeAnova anova_of(const DecisionTree& tree, const Space& space) {
  const std::size_t n = space.columns();
  TreeAnova result;
  std::vector<Corners> singles;
  std::vector<Corners> pairs;
  for (std::size_t i = 0; i < n; ++i) singles.emplace_back(1, space.share[i].size());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      pairs.emplace_back(space.share[i].size(), space.share[j].size());
    }
  }
  Box box{std::vector<std::size_t>(n, 0), {}};
  for (std::size_t j = 0; j < n; ++j) box.to.push_back(space.share[j].size());
  double square = 0.0;
  std::vector<double> mass(n);
  each_leaf(tree, space, 0, box, [&](double value, const Box& leaf) {
    double all = 1.0;
    for (std::size_t j = 0; j < n; ++j) all *= mass[j] = space.mass(j, leaf);
    result.mean += all * value;
    square += all * value * value;
    std::size_t p = 0;
    for (std::size_t i = 0; i < n; ++i) {
      singles[i].add(0, 1, leaf.from[i], leaf.to[i], value * all / mass[i]);
      for (std::size_t j = i + 1; j < n; ++j, ++p) {
        pairs[p].add(leaf.from[i], leaf.to[i], leaf.from[j], leaf.to[j],
                     value * all / (mass[i] * mass[j]));
      }
    }
  });
  result.variance = std::max(0.0, square - result.mean * result.mean);
  for (const Corners& each : singles) result.single.push_back(each.summed());
  for (const Corners& each : pairs) result.pairs.push_back(each.summed());
  add_variances(space, result);
  return result;
}

WithSpread over_trees(std::size_t trees, const std::function<double(std::size_t)>& value) {
  WithSpread result;
  for (std::size_t t = 0; t < trees; ++t) result.mean += value(t) / static_cast<double>(trees);
  for (std::size_t t = 0; t < trees && trees > 1; ++t) {
    result.spread += std::pow(value(t) - result.mean, 2) / static_cast<double>(trees - 1);
  }
  result.spread = std::sqrt(result.spread);
  return result;
}

// 0 where nothing varies: then nothing decides.
double share(double part, double whole) { return whole > 0.0 ? part / whole : 0.0; }

std::vector<PairMarginal> pair_marginals(const std::vector<TreeAnova>& trees, std::size_t n) {
  std::vector<PairMarginal> pairs;
  std::size_t p = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j, ++p) {
      PairMarginal pair{i, j, {}, over_trees(trees.size(), [&](std::size_t t) {
                          return share(trees[t].pair_variance[p], trees[t].variance);
                        })};
      for (std::size_t k = 0; k < trees.front().pairs[p].size(); ++k) {
        pair.at.push_back(
            over_trees(trees.size(), [&](std::size_t t) { return trees[t].pairs[p][k]; }));
      }
      pairs.push_back(std::move(pair));
    }
  }
  std::ranges::stable_sort(pairs, [](const PairMarginal& a, const PairMarginal& b) {
    return a.share.mean > b.share.mean;
  });
  return pairs;
}

}  // namespace

FunctionalAnova functional_anova(const forecast::TreeEnsemble& forest, const FeatureTable& table,
                                 std::size_t bins) {
  if (table.columns < 2 || forest.columns != table.columns || forest.trees.empty()) {
    throw DataError(fmt::format(
        "functional ANOVA needs 2 settings or more that vary; the table has {}, the forest {}",
        table.columns, forest.columns));
  }
  Space space = space_of(table, bins);
  std::vector<TreeAnova> trees(forest.trees.size());
  parallel_for(trees.size(), [&](std::size_t t) { trees[t] = anova_of(forest.trees[t], space); });
  FunctionalAnova result;
  const auto mean_of = [&](auto part) {
    return over_trees(trees.size(), [&](std::size_t t) { return part(trees[t]); });
  };
  result.mean = mean_of([](const TreeAnova& t) { return t.mean; }).mean;
  result.variance = mean_of([](const TreeAnova& t) { return t.variance; }).mean;
  for (std::size_t j = 0; j < table.columns; ++j) {
    Marginal marginal{j, {}, mean_of([&](const TreeAnova& t) {
                        return share(t.single_variance[j], t.variance);
                      })};
    for (std::size_t b = 0; b < space.share[j].size(); ++b) {
      marginal.at.push_back(mean_of([&](const TreeAnova& t) { return t.single[j][b]; }));
    }
    result.single.push_back(std::move(marginal));
  }
  result.pairs = pair_marginals(trees, table.columns);
  result.beyond_pairs = mean_of([](const TreeAnova& t) {
    double rest = t.variance;
    for (const double each : t.single_variance) rest -= each;
    for (const double each : t.pair_variance) rest -= each;
    return share(std::max(0.0, rest), t.variance);
  });
  result.share_of_bin = std::move(space.share);
  result.bins = std::move(space.bins);
  return result;
}

}  // namespace emdyn::explain
