#include "emdyn/detect/rows/random_cut_forest.hpp"

#include <algorithm>
#include <cstring>

#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

std::size_t index(std::int32_t node) { return static_cast<std::size_t>(node); }

/// Eight floats in as many registers as the instruction set needs; lanes are never reordered.
using Lanes = float __attribute__((vector_size(RandomCutTree::kLanes * sizeof(float))));

/// Joins the lanes in halves: a fixed order.
EMDYN_INLINE_BODY inline double folded(const Lanes& lanes) noexcept {
  return static_cast<double>((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         static_cast<double>((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

}  // namespace

RandomCutTree::RandomCutTree(std::size_t rows, std::size_t channels)
    : channels_(channels),
      width_((channels + kLanes - 1) / kLanes * kLanes),
      nodes_(2 * rows),
      boxes_(4 * rows * width_, 0.0F),
      leaf_of_(rows, kNone),
      free_(2 * rows) {
  reset();
}

void RandomCutTree::reset() noexcept {
  std::ranges::fill(nodes_, Node{});
  std::ranges::fill(boxes_, 0.0F);
  std::ranges::fill(leaf_of_, kNone);
  for (std::size_t i = 0; i < free_.size(); ++i) {
    free_[i] = static_cast<std::int32_t>(free_.size() - 1 - i);
  }
  free_count_ = free_.size();
  root_ = kNone;
}

EMDYN_INLINE_BODY inline RandomCutTree::Reach RandomCutTree::reach(
    std::int32_t at, const float* row) const noexcept {
  const float* low = box(at);
  const float* high = low + width_;
  const Lanes zero{};
  Lanes beyond{};
  Lanes sides{};
  for (std::size_t i = 0; i < width_; i += kLanes) {
    Lanes x;
    Lanes l;
    Lanes h;
    std::memcpy(&x, row + i, sizeof x);
    std::memcpy(&l, low + i, sizeof l);
    std::memcpy(&h, high + i, sizeof h);
    const Lanes above = x - h;
    const Lanes below = l - x;
    beyond += (above > zero ? above : zero) + (below > zero ? below : zero);
    sides += h - l;
  }
  return {folded(beyond), folded(sides)};
}

/// A cut between the box and the row, `place` along the way in [0, beyond).
RandomCutTree::Cut RandomCutTree::cut_outside(std::int32_t at, const float* row,
                                              double place) const noexcept {
  const float* low = box(at);
  const float* high = low + width_;
  Cut cut;
  double side = 0.0;
  for (std::size_t i = 0; i < channels_; ++i) {
    const double wide = static_cast<double>(std::max(row[i] - high[i], 0.0F)) +
                        static_cast<double>(std::max(low[i] - row[i], 0.0F));
    if (wide <= 0.0) continue;
    if (side > 0.0) place = std::max(place - side, 0.0);
    side = wide;
    cut.channel = i;
    if (place < side) break;
  }
  const std::size_t i = cut.channel;
  const auto step = static_cast<float>(std::min(place, side));
  cut.row_is_low = row[i] < low[i];
  const float from = cut.row_is_low ? row[i] : high[i];
  const float to = cut.row_is_low ? low[i] : row[i];
  cut.value = from + step < to ? from + step : from;
  return cut;
}

/// At every level the row either falls inside the box, where a cut of the grown box cannot part it
/// from the others, or is parted with the chance its reach has in the sum of the grown box's sides.
template <class Draw>
EMDYN_INLINE_BODY inline double RandomCutTree::displacement(const float* row,
                                                            Draw&& draw) const noexcept {
  double most = 0.0;
  std::int32_t at = root_;
  while (at != kNone) {
    const Node& here = node(at);
    const Reach found = reach(at, row);
    if (found.beyond > 0.0) {
      if (here.left == kNone || draw() * (found.sides + found.beyond) < found.beyond) {
        return std::max(most, static_cast<double>(here.count));
      }
    } else if (here.left == kNone) {
      return most;
    }
    const bool low = row[here.channel] <= here.cut;
    const std::int32_t own = low ? here.left : here.right;
    const std::int32_t other = low ? here.right : here.left;
    most = std::max(
        most, static_cast<double>(node(other).count) / static_cast<double>(node(own).count + 1));
    at = own;
  }
  return most;
}

std::int32_t RandomCutTree::make_leaf(const float* row) noexcept {
  const std::int32_t leaf = free_[--free_count_];
  node(leaf) = Node{.count = 1};
  std::copy_n(row, width_, box(leaf));
  std::copy_n(row, width_, box(leaf) + width_);
  return leaf;
}

void RandomCutTree::give_back(std::int32_t at) noexcept {
  node(at).count = 0;
  free_[free_count_++] = at;
}

EMDYN_INLINE_BODY inline void RandomCutTree::grow(std::int32_t at, const float* row) noexcept {
  float* low = box(at);
  float* high = low + width_;
  for (std::size_t i = 0; i < width_; i += kLanes) {
    Lanes x;
    Lanes l;
    Lanes h;
    std::memcpy(&x, row + i, sizeof x);
    std::memcpy(&l, low + i, sizeof l);
    std::memcpy(&h, high + i, sizeof h);
    l = x < l ? x : l;
    h = x > h ? x : h;
    std::memcpy(low + i, &l, sizeof l);
    std::memcpy(high + i, &h, sizeof h);
  }
}

/// Fits the box to its children. @return whether it changed.
EMDYN_INLINE_BODY inline bool RandomCutTree::refit(std::int32_t at) noexcept {
  float* own = box(at);
  const float* left = box(node(at).left);
  const float* right = box(node(at).right);
  const Lanes zero{};
  auto differs = zero != zero;
  for (std::size_t i = 0; i < 2 * width_; i += kLanes) {
    Lanes a;
    Lanes b;
    Lanes old;
    std::memcpy(&a, left + i, sizeof a);
    std::memcpy(&b, right + i, sizeof b);
    std::memcpy(&old, own + i, sizeof old);
    const Lanes fitted = i < width_ ? (b < a ? b : a) : (b > a ? b : a);
    differs |= fitted != old;
    std::memcpy(own + i, &fitted, sizeof fitted);
  }
  return (differs[0] | differs[1] | differs[2] | differs[3] | differs[4] | differs[5] | differs[6] |
          differs[7]) != 0;
}

void RandomCutTree::replace_child(std::int32_t parent, std::int32_t old,
                                  std::int32_t now) noexcept {
  node(now).parent = parent;
  if (parent == kNone) {
    root_ = now;
  } else if (node(parent).left == old) {
    node(parent).left = now;
  } else {
    node(parent).right = now;
  }
}

/// Puts a branch in the place of `at`, with `at` and the new leaf below it.
EMDYN_INLINE_BODY inline void RandomCutTree::insert_above(std::int32_t at, std::int32_t leaf,
                                                          const Cut& cut,
                                                          const float* row) noexcept {
  const std::int32_t branch = free_[--free_count_];
  const std::int32_t above = node(at).parent;
  replace_child(above, at, branch);
  node(branch).left = cut.row_is_low ? leaf : at;
  node(branch).right = cut.row_is_low ? at : leaf;
  node(at).parent = node(leaf).parent = branch;
  node(branch).channel = static_cast<std::uint32_t>(cut.channel);
  node(branch).cut = cut.value;
  node(branch).count = node(at).count + 1;
  std::copy_n(box(at), 2 * width_, box(branch));
  grow(branch, row);
}

template <class Draw>
EMDYN_INLINE_BODY inline void RandomCutTree::add(std::size_t slot, const float* row,
                                                 Draw&& draw) noexcept {
  std::int32_t at = root_;
  std::int32_t inner = kNone;  // The deepest node that holds the row already: so do all above.
  if (at == kNone) {
    root_ = leaf_of_[slot] = make_leaf(row);
    return;
  }
  while (true) {
    const Reach found = reach(at, row);
    const bool leaf = node(at).left == kNone;
    if (found.beyond > 0.0) {
      const double place = draw() * (found.sides + found.beyond);
      if (leaf || place < found.beyond) {
        leaf_of_[slot] = make_leaf(row);
        insert_above(at, leaf_of_[slot], cut_outside(at, row, place), row);
        at = node(node(at).parent).parent;
        break;
      }
    } else {
      inner = at;
      if (leaf) {
        leaf_of_[slot] = at;
        break;
      }
    }
    at = row[node(at).channel] <= node(at).cut ? node(at).left : node(at).right;
  }
  for (; at != kNone && at != inner; at = node(at).parent) {
    ++node(at).count;
    grow(at, row);
  }
  for (; at != kNone; at = node(at).parent) ++node(at).count;
}

EMDYN_INLINE_BODY inline void RandomCutTree::remove(std::size_t slot) noexcept {
  const std::int32_t leaf = leaf_of_[slot];
  if (leaf == kNone) return;
  leaf_of_[slot] = kNone;
  std::int32_t at = leaf;
  if (node(leaf).count == 1) {
    const std::int32_t above = node(leaf).parent;
    give_back(leaf);
    if (above == kNone) {
      root_ = kNone;
      return;
    }
    const std::int32_t sibling = node(above).left == leaf ? node(above).right : node(above).left;
    at = node(above).parent;
    replace_child(at, above, sibling);
    give_back(above);
    // A box that stays as it was leaves all above it as they were.
    for (bool changes = true; at != kNone && changes; at = node(at).parent) {
      --node(at).count;
      changes = refit(at);
    }
  }
  for (; at != kNone; at = node(at).parent) --node(at).count;
}

bool RandomCutTree::sound() const noexcept {
  const auto nodes = static_cast<std::int32_t>(nodes_.size());
  const auto known = [nodes](std::int32_t at) { return at >= 0 && at < nodes; };
  if (free_count_ > free_.size() || (root_ != kNone && !known(root_))) return false;
  std::vector<std::uint32_t> rows(nodes_.size(), 0);  // In each leaf, by its slots.
  for (const std::int32_t leaf : leaf_of_) {
    if (leaf == kNone) continue;
    if (!known(leaf)) return false;
    ++rows[index(leaf)];
  }
  std::vector<std::int32_t> stack;
  std::vector<bool> seen(nodes_.size(), false);
  if (root_ != kNone) stack.push_back(root_);
  if (root_ != kNone && node(root_).parent != kNone) return false;
  std::size_t used = 0;
  while (!stack.empty()) {
    const std::int32_t at = stack.back();
    stack.pop_back();
    if (seen[index(at)]) return false;
    seen[index(at)] = true;
    ++used;
    const std::int32_t left = node(at).left;
    const std::int32_t right = node(at).right;
    if (left == kNone) {
      if (right != kNone || node(at).count == 0 || rows[index(at)] != node(at).count) {
        return false;
      }
      continue;
    }
    if (!known(left) || !known(right) || rows[index(at)] != 0) return false;
    if (node(left).parent != at || node(right).parent != at) return false;
    if (node(left).count == 0 || node(right).count == 0) return false;
    if (node(at).count != node(left).count + node(right).count) return false;
    if (node(at).channel >= channels_) return false;
    stack.push_back(left);
    stack.push_back(right);
  }
  for (std::size_t i = 0; i < free_count_; ++i) {
    if (!known(free_[i]) || seen[index(free_[i])]) return false;
    seen[index(free_[i])] = true;
  }
  const auto filled = std::ranges::count_if(leaf_of_, [](std::int32_t leaf) { return leaf >= 0; });
  const std::uint32_t held = root_ == kNone ? 0U : node(root_).count;
  return used + free_count_ == nodes_.size() && static_cast<std::uint32_t>(filled) == held;
}

RandomCutForest::RandomCutForest(const Config& config, std::size_t channels)
    : shingle_(static_cast<std::uint64_t>(checked(kName, kFields, config).shingle)),
      rows_(static_cast<std::uint64_t>(config.rows)),
      seed_(static_cast<std::uint64_t>(config.seed)),
      trees_(static_cast<std::size_t>(config.trees),
             RandomCutTree(static_cast<std::size_t>(rows_),
                           channels * static_cast<std::size_t>(shingle_))),
      recent_(channels * static_cast<std::size_t>(shingle_ - 1), 0.0),
      work_((channels * static_cast<std::size_t>(shingle_) + RandomCutTree::kLanes - 1) /
                RandomCutTree::kLanes * RandomCutTree::kLanes,
            0.0F) {}

void RandomCutForest::shingle_with(std::span<const double> z) const noexcept {
  const auto narrow = [](double value) { return static_cast<float>(value); };
  const auto next = std::ranges::transform(recent_, work_.begin(), narrow).out;
  std::ranges::transform(z, next, narrow);
}

double RandomCutForest::statistic(std::span<const double> z) const noexcept {
  shingle_with(z);
  double sum = 0.0;
  run_widest([&]() EMDYN_INLINE_BODY {
    for (std::size_t t = 0; t < trees_.size(); ++t) {
      Philox random(seed_ + (t << 20), seen_);
      sum += trees_[t].displacement(work_.data(), [&random] { return random.uniform(); });
    }
  });
  return sum / static_cast<double>(trees_.size());
}

void RandomCutForest::learn(std::span<const double> z) noexcept {
  if (seen_ + 1 >= shingle_) {
    shingle_with(z);
    const auto slot = static_cast<std::size_t>(seen_ % rows_);
    run_widest([&]() EMDYN_INLINE_BODY {
      for (std::size_t t = 0; t < trees_.size(); ++t) {
        Philox random(seed_ + (t << 20), seen_);
        trees_[t].remove(slot);
        trees_[t].add(slot, work_.data(), [&random] { return random.uniform(); });
      }
    });
  }
  ++seen_;
  follow(z);
}

void RandomCutForest::follow(std::span<const double> z) noexcept {
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
