#include "emdyn/detect/vector/random_cut_forest.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

std::size_t index(std::int32_t node) { return static_cast<std::size_t>(node); }

}  // namespace

RandomCutTree::RandomCutTree(std::size_t rows, std::size_t channels)
    : channels_(channels),
      left_(2 * rows, kNone),
      right_(2 * rows, kNone),
      parent_(2 * rows, kNone),
      count_(2 * rows, 0),
      channel_(2 * rows, 0),
      cut_(2 * rows, 0.0),
      boxes_(4 * rows * channels, 0.0),
      leaf_of_(rows, kNone),
      free_(2 * rows) {
  reset();
}

void RandomCutTree::reset() noexcept {
  for (auto* links : {&left_, &right_, &parent_, &leaf_of_}) std::ranges::fill(*links, kNone);
  std::ranges::fill(count_, 0U);
  std::ranges::fill(channel_, 0U);
  std::ranges::fill(cut_, 0.0);
  std::ranges::fill(boxes_, 0.0);
  for (std::size_t i = 0; i < free_.size(); ++i) {
    free_[i] = static_cast<std::int32_t>(free_.size() - 1 - i);
  }
  free_count_ = free_.size();
  root_ = kNone;
}

std::span<const double> RandomCutTree::box(std::int32_t node) const noexcept {
  return std::span(boxes_).subspan(index(node) * 2 * channels_, 2 * channels_);
}

std::span<double> RandomCutTree::box(std::int32_t node) noexcept {
  return std::span(boxes_).subspan(index(node) * 2 * channels_, 2 * channels_);
}

/// A cut of the node's box grown to hold the row, uniform over the sum of its sides.
RandomCutTree::Cut RandomCutTree::cut_of(std::int32_t node, std::span<const double> row,
                                         double draw) const noexcept {
  const auto sides = box(node);
  double sum = 0.0;
  for (std::size_t i = 0; i < channels_; ++i) {
    sum += std::max(sides[channels_ + i], row[i]) - std::min(sides[i], row[i]);
  }
  double left = draw * sum;
  Cut cut;
  for (std::size_t i = 0; i < channels_; ++i) {
    const double low = std::min(sides[i], row[i]);
    const double side = std::max(sides[channels_ + i], row[i]) - low;
    if (side <= 0.0) continue;
    cut.channel = i;
    cut.value = low + std::min(left, side * 0.999999999);
    if (left < side) break;
    left -= side;
  }
  cut.row_is_low = row[cut.channel] <= cut.value;
  cut.separates =
      cut.row_is_low ? cut.value < sides[cut.channel] : cut.value >= sides[channels_ + cut.channel];
  return cut;
}

bool RandomCutTree::equals_leaf(std::int32_t leaf, std::span<const double> row) const noexcept {
  return left_[index(leaf)] == kNone && std::equal(row.begin(), row.end(), box(leaf).begin());
}

template <class Draw>
double RandomCutTree::displacement(std::span<const double> row, Draw&& draw) const noexcept {
  double most = 0.0;
  std::int32_t node = root_;
  while (node != kNone) {
    if (equals_leaf(node, row)) return most;
    const Cut cut = cut_of(node, row, draw());
    if (cut.separates || left_[index(node)] == kNone) {
      return std::max(most, static_cast<double>(count_[index(node)]));
    }
    const bool low = row[channel_[index(node)]] <= cut_[index(node)];
    const std::int32_t own = low ? left_[index(node)] : right_[index(node)];
    const std::int32_t other = low ? right_[index(node)] : left_[index(node)];
    most = std::max(most, static_cast<double>(count_[index(other)]) /
                              static_cast<double>(count_[index(own)] + 1));
    node = own;
  }
  return most;
}

std::int32_t RandomCutTree::take_node() noexcept { return free_[--free_count_]; }

std::int32_t RandomCutTree::make_leaf(std::span<const double> row) noexcept {
  const std::int32_t leaf = take_node();
  left_[index(leaf)] = right_[index(leaf)] = parent_[index(leaf)] = kNone;
  count_[index(leaf)] = 1;
  std::ranges::copy(row, box(leaf).begin());
  std::ranges::copy(row, box(leaf).begin() + static_cast<std::ptrdiff_t>(channels_));
  return leaf;
}

/// One more row below `node` and all its ancestors.
void RandomCutTree::grow_upwards(std::int32_t node, std::span<const double> row) noexcept {
  for (; node != kNone; node = parent_[index(node)]) {
    ++count_[index(node)];
    const auto sides = box(node);
    for (std::size_t i = 0; i < channels_; ++i) {
      sides[i] = std::min(sides[i], row[i]);
      sides[channels_ + i] = std::max(sides[channels_ + i], row[i]);
    }
  }
}

/// One row less below `node` and all its ancestors, their boxes fitted to what is left.
void RandomCutTree::tighten_upwards(std::int32_t node) noexcept {
  for (; node != kNone; node = parent_[index(node)]) {
    --count_[index(node)];
    if (left_[index(node)] == kNone) continue;
    const auto sides = box(node);
    const auto left = box(left_[index(node)]);
    const auto right = box(right_[index(node)]);
    for (std::size_t i = 0; i < channels_; ++i) {
      sides[i] = std::min(left[i], right[i]);
      sides[channels_ + i] = std::max(left[channels_ + i], right[channels_ + i]);
    }
  }
}

void RandomCutTree::replace_child(std::int32_t parent, std::int32_t old,
                                  std::int32_t now) noexcept {
  parent_[index(now)] = parent;
  if (parent == kNone) {
    root_ = now;
  } else if (left_[index(parent)] == old) {
    left_[index(parent)] = now;
  } else {
    right_[index(parent)] = now;
  }
}

template <class Draw>
void RandomCutTree::add(std::size_t slot, std::span<const double> row, Draw&& draw) noexcept {
  if (root_ == kNone) {
    root_ = leaf_of_[slot] = make_leaf(row);
    return;
  }
  std::int32_t node = root_;
  while (true) {
    if (equals_leaf(node, row)) {
      leaf_of_[slot] = node;
      grow_upwards(node, row);
      return;
    }
    const Cut cut = cut_of(node, row, draw());
    if (cut.separates || left_[index(node)] == kNone) {
      const std::int32_t above = parent_[index(node)];
      const std::int32_t leaf = make_leaf(row);
      const std::int32_t branch = take_node();
      replace_child(above, node, branch);
      left_[index(branch)] = cut.row_is_low ? leaf : node;
      right_[index(branch)] = cut.row_is_low ? node : leaf;
      parent_[index(node)] = parent_[index(leaf)] = branch;
      channel_[index(branch)] = static_cast<std::uint32_t>(cut.channel);
      cut_[index(branch)] = cut.value;
      count_[index(branch)] = count_[index(node)];
      std::ranges::copy(box(node), box(branch).begin());
      leaf_of_[slot] = leaf;
      grow_upwards(branch, row);
      return;
    }
    const bool low = row[channel_[index(node)]] <= cut_[index(node)];
    node = low ? left_[index(node)] : right_[index(node)];
  }
}

void RandomCutTree::remove(std::size_t slot) noexcept {
  const std::int32_t leaf = leaf_of_[slot];
  if (leaf == kNone) return;
  leaf_of_[slot] = kNone;
  if (count_[index(leaf)] > 1) {
    tighten_upwards(leaf);
    return;
  }
  const auto give_back = [this](std::int32_t node) {
    count_[index(node)] = 0;
    free_[free_count_++] = node;
  };
  const std::int32_t above = parent_[index(leaf)];
  give_back(leaf);
  if (above == kNone) {
    root_ = kNone;
    return;
  }
  const std::int32_t sibling =
      left_[index(above)] == leaf ? right_[index(above)] : left_[index(above)];
  const std::int32_t top = parent_[index(above)];
  replace_child(top, above, sibling);
  give_back(above);
  tighten_upwards(top);
}

bool RandomCutTree::sound() const noexcept {
  const auto nodes = static_cast<std::int32_t>(left_.size());
  const auto known = [nodes](std::int32_t node) { return node >= 0 && node < nodes; };
  if (free_count_ > free_.size() || (root_ != kNone && !known(root_))) return false;
  std::vector<std::uint32_t> rows(left_.size(), 0);  // In each leaf, by its slots.
  for (const std::int32_t leaf : leaf_of_) {
    if (leaf == kNone) continue;
    if (!known(leaf)) return false;
    ++rows[index(leaf)];
  }
  std::vector<std::int32_t> stack;
  std::vector<bool> seen(left_.size(), false);
  if (root_ != kNone) stack.push_back(root_);
  if (root_ != kNone && parent_[index(root_)] != kNone) return false;
  std::size_t used = 0;
  while (!stack.empty()) {
    const std::int32_t node = stack.back();
    stack.pop_back();
    if (seen[index(node)]) return false;
    seen[index(node)] = true;
    ++used;
    const std::int32_t left = left_[index(node)];
    const std::int32_t right = right_[index(node)];
    if (left == kNone) {
      if (right != kNone || count_[index(node)] == 0 || rows[index(node)] != count_[index(node)]) {
        return false;
      }
      continue;
    }
    if (!known(left) || !known(right) || rows[index(node)] != 0) return false;
    if (parent_[index(left)] != node || parent_[index(right)] != node) return false;
    if (count_[index(left)] == 0 || count_[index(right)] == 0) return false;
    if (count_[index(node)] != count_[index(left)] + count_[index(right)]) return false;
    if (channel_[index(node)] >= channels_) return false;
    stack.push_back(left);
    stack.push_back(right);
  }
  for (std::size_t i = 0; i < free_count_; ++i) {
    if (!known(free_[i]) || seen[index(free_[i])]) return false;
    seen[index(free_[i])] = true;
  }
  const auto filled = std::ranges::count_if(leaf_of_, [](std::int32_t leaf) { return leaf >= 0; });
  const std::uint32_t held = root_ == kNone ? 0U : count_[index(root_)];
  return used + free_count_ == left_.size() && static_cast<std::uint32_t>(filled) == held;
}

RandomCutForest::RandomCutForest(const Config& config, std::size_t channels)
    : shingle_(static_cast<std::uint64_t>(checked(kName, kFields, config).shingle)),
      rows_(static_cast<std::uint64_t>(config.rows)),
      seed_(static_cast<std::uint64_t>(config.seed)),
      trees_(static_cast<std::size_t>(config.trees),
             RandomCutTree(static_cast<std::size_t>(rows_),
                           channels * static_cast<std::size_t>(shingle_))),
      recent_(channels * static_cast<std::size_t>(shingle_ - 1), 0.0),
      work_(channels * static_cast<std::size_t>(shingle_), 0.0) {}

void RandomCutForest::shingle_with(std::span<const double> z,
                                   std::span<double> out) const noexcept {
  std::ranges::copy(recent_, out.begin());
  std::ranges::copy(z, out.begin() + static_cast<std::ptrdiff_t>(recent_.size()));
}

double RandomCutForest::statistic(std::span<const double> z) const noexcept {
  shingle_with(z, work_);
  double sum = 0.0;
  for (std::size_t t = 0; t < trees_.size(); ++t) {
    Philox random(seed_ + (t << 20), seen_);
    sum += trees_[t].displacement(work_, [&random] { return random.uniform(); });
  }
  return sum / static_cast<double>(trees_.size());
}

void RandomCutForest::learn(std::span<const double> z) noexcept {
  if (seen_ + 1 >= shingle_) {
    shingle_with(z, work_);
    const auto slot = static_cast<std::size_t>(seen_ % rows_);
    for (std::size_t t = 0; t < trees_.size(); ++t) {
      Philox random(seed_ + (t << 20), seen_);
      trees_[t].remove(slot);
      trees_[t].add(slot, work_, [&random] { return random.uniform(); });
    }
  }
  ++seen_;
  if (recent_.empty()) return;
  const auto step = static_cast<std::ptrdiff_t>(z.size());
  std::copy(recent_.begin() + step, recent_.end(), recent_.begin());
  std::ranges::copy(z, recent_.end() - step);
}

void RandomCutForest::reset() noexcept {
  for (RandomCutTree& tree : trees_) tree.reset();
  std::ranges::fill(recent_, 0.0);
  seen_ = 0;
}

}  // namespace emdyn::detect
