// Plain half-space trees and random cut forest: nodes on the heap, boxes recomputed where needed.
#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "processor_time.hpp"
#include "textbook.hpp"

namespace emdyn::bench {
namespace {

using Point = std::vector<double>;

/// Tan, Ting & Liu: 25 trees of depth 15, windows of 250 rows.
class HalfSpaceTrees {
 public:
  explicit HalfSpaceTrees(std::size_t channels) {
    for (int tree = 0; tree < 25; ++tree) {
      Point low(channels);
      Point high(channels);
      for (std::size_t i = 0; i < channels; ++i) {
        const double place = uniform_(random_);
        const double reach = 2.0 * std::max(place, 1.0 - place);
        low[i] = (2.0 * (place - reach) - 1.0) * 4.0;
        high[i] = low[i] + 4.0 * reach * 4.0;
      }
      roots_.push_back(grow(low, high, 0));
    }
  }
  double update(const Point& row) {
    double mass = 1.0;
    for (const auto& root : roots_) {
      Node* node = root.get();
      double weight = 1.0;
      while (node->left && node->reference > 25) {
        node = row[node->channel] < node->split ? node->left.get() : node->right.get();
        weight *= 2.0;
      }
      mass += static_cast<double>(node->reference) * weight;
      for (node = root.get(); node != nullptr;) {
        ++node->latest;
        if (!node->left) break;
        node = row[node->channel] < node->split ? node->left.get() : node->right.get();
      }
    }
    if (++rows_ % 250 == 0) {
      for (const auto& root : roots_) turn(*root);
    }
    return std::log2(25.0 * 250.0 * 32768.0 / mass);
  }

 private:
  struct Node {
    std::size_t channel = 0;
    double split = 0.0;
    int reference = 0;
    int latest = 0;
    std::unique_ptr<Node> left;
    std::unique_ptr<Node> right;
  };
  std::unique_ptr<Node> grow(Point& low, Point& high, int depth) {
    auto node = std::make_unique<Node>();
    if (depth == 15) return node;
    node->channel = random_() % low.size();
    double& bottom = low[node->channel];
    double& top = high[node->channel];
    node->split = 0.5 * (bottom + top);
    const double kept_top = top;
    const double kept_bottom = bottom;
    top = node->split;
    node->left = grow(low, high, depth + 1);
    top = kept_top;
    bottom = node->split;
    node->right = grow(low, high, depth + 1);
    bottom = kept_bottom;
    return node;
  }
  static void turn(Node& node) {
    node.reference = node.latest;
    node.latest = 0;
    if (!node.left) return;
    turn(*node.left);
    turn(*node.right);
  }

  std::mt19937 random_{1};
  std::uniform_real_distribution<double> uniform_;
  std::vector<std::unique_ptr<Node>> roots_;
  long rows_ = 0;
};

/// Guha et al.: one tree; every node keeps its bounding box.
class RandomCutTree {
 public:
  struct Node {
    Point low;
    Point high;
    std::size_t channel = 0;
    double cut = 0.0;
    int count = 1;
    Node* parent = nullptr;
    std::unique_ptr<Node> left;
    std::unique_ptr<Node> right;
  };

  Node* insert(const Point& row, std::mt19937& random) {
    std::unique_ptr<Node>* place = &root_;
    Node* parent = nullptr;
    auto leaf = std::make_unique<Node>();
    leaf->low = leaf->high = row;
    Node* added = leaf.get();
    while (*place) {
      Node& node = **place;
      Point low = node.low;
      Point high = node.high;
      double sum = 0.0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        low[i] = std::min(low[i], row[i]);
        high[i] = std::max(high[i], row[i]);
        sum += high[i] - low[i];
      }
      double draw = std::uniform_real_distribution<double>(0.0, sum)(random);
      std::size_t channel = 0;
      while (channel + 1 < row.size() && draw >= high[channel] - low[channel]) {
        draw -= high[channel] - low[channel];
        ++channel;
      }
      const double cut = low[channel] + draw;
      const bool below = row[channel] <= cut && cut < node.low[channel];
      const bool above = row[channel] > cut && cut >= node.high[channel];
      if (below || above || !node.left) {
        auto branch = std::make_unique<Node>();
        branch->low = low;
        branch->high = high;
        branch->channel = channel;
        branch->cut = cut;
        branch->count = node.count + 1;
        branch->parent = parent;
        node.parent = leaf->parent = branch.get();
        branch->left = below ? std::move(leaf) : std::move(*place);
        branch->right = below ? std::move(*place) : std::move(leaf);
        *place = std::move(branch);
        return added;
      }
      node.low = low;
      node.high = high;
      ++node.count;
      parent = &node;
      place = row[node.channel] <= node.cut ? &node.left : &node.right;
    }
    leaf->parent = parent;
    *place = std::move(leaf);
    return added;
  }

  void remove(Node* leaf) {
    Node* parent = leaf->parent;
    if (parent == nullptr) {
      root_.reset();
      return;
    }
    auto sibling = std::move(parent->left.get() == leaf ? parent->right : parent->left);
    Node* top = parent->parent;
    sibling->parent = top;
    if (top == nullptr) {
      root_ = std::move(sibling);
      return;
    }
    (top->left.get() == parent ? top->left : top->right) = std::move(sibling);
    for (; top != nullptr; top = top->parent) {
      --top->count;
      for (std::size_t i = 0; i < top->low.size(); ++i) {
        top->low[i] = std::min(top->left->low[i], top->right->low[i]);
        top->high[i] = std::max(top->left->high[i], top->right->high[i]);
      }
    }
  }

  /// Collusive displacement of a row that is in the tree.
  static double displacement(const Node* node) {
    double most = 0.0;
    for (; node->parent != nullptr; node = node->parent) {
      const Node* sibling =
          node->parent->left.get() == node ? node->parent->right.get() : node->parent->left.get();
      most = std::max(most, static_cast<double>(sibling->count) / node->count);
    }
    return most;
  }

 private:
  std::unique_ptr<Node> root_;
};

/// 40 trees of the newest 256 shingles of four rows; a row is scored where it was put.
class RandomCutForest {
 public:
  explicit RandomCutForest(std::size_t channels) : shingle_(4 * channels, 0.0) {}
  double update(const Point& row) {
    std::rotate(shingle_.begin(), shingle_.begin() + static_cast<std::ptrdiff_t>(row.size()),
                shingle_.end());
    std::ranges::copy(row, shingle_.end() - static_cast<std::ptrdiff_t>(row.size()));
    double sum = 0.0;
    for (std::size_t i = 0; i < 40; ++i) {
      if (leaves_[i].size() == 256) {
        trees_[i].remove(leaves_[i].front());
        leaves_[i].pop_front();
      }
      leaves_[i].push_back(trees_[i].insert(shingle_, random_));
      sum += RandomCutTree::displacement(leaves_[i].back());
    }
    return sum / 40.0;
  }

 private:
  std::mt19937 random_{1};
  Point shingle_;
  std::vector<RandomCutTree> trees_{40};
  std::vector<std::deque<RandomCutTree::Node*>> leaves_{40};
};

template <class Method>
double rate(std::span<const double> rows, std::size_t channels, double seconds) {
  constexpr std::size_t kWarmup = 600;
  constexpr std::size_t kBlock = 64;
  Method method(channels);
  std::vector<Point> points;
  for (std::size_t i = 0; i + channels <= rows.size(); i += channels) {
    points.emplace_back(rows.begin() + static_cast<std::ptrdiff_t>(i),
                        rows.begin() + static_cast<std::ptrdiff_t>(i + channels));
  }
  double sum = 0.0;
  std::size_t done = 0;
  for (; done < kWarmup; ++done) sum += method.update(points[done % points.size()]);
  const double start = thread_seconds();
  while (done % kBlock != 0 || thread_seconds() - start < seconds) {
    sum += method.update(points[done++ % points.size()]);
  }
  const double spent = thread_seconds() - start;
  return std::isnan(sum) ? 0.0 : static_cast<double>(done - kWarmup) / spent;
}

}  // namespace

std::optional<double> textbook_row_rate(std::string_view detector, std::span<const double> rows,
                                        std::size_t channels, double seconds) {
  if (detector == "half_space_trees") return rate<HalfSpaceTrees>(rows, channels, seconds);
  if (detector == "random_cut_forest") return rate<RandomCutForest>(rows, channels, seconds);
  return std::nullopt;
}

}  // namespace emdyn::bench
