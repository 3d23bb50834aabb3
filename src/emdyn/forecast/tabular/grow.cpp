#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/forecast/tabular/tree.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kFree = std::numeric_limits<double>::infinity();

struct Sums {
  double g = 0.0;
  double h = 0.0;
  Sums& operator+=(const Sums& other) {
    g += other.g;
    h += other.h;
    return *this;
  }
  Sums operator-(const Sums& other) const { return {g - other.g, h - other.h}; }
};

// A node that is not split yet: its rows are [begin, end) of the list, its value must lie in [low, high].
struct Open {
  std::size_t node;
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
  Sums sums;
  double low;
  double high;
};

struct Split {
  double gain = 0.0;
  std::size_t column = 0;
  std::size_t cut = 0;
  bool missing_left = false;
  Sums left{};
  Sums right{};
  bool found() const noexcept { return gain > 0.0; }
};

class Grower {
 public:
  Grower(const BinnedTable& table, const Bins& bins, std::span<const double> gradient,
         std::span<const double> hessian, const GrowOptions& options, Philox& random)
      : table_(table),
        bins_(bins),
        gradient_(gradient),
        hessian_(hessian),
        options_(options),
        random_(random) {}

  DecisionTree grow(std::vector<std::uint32_t> rows) {
    rows_ = std::move(rows);
    scratch_.resize(rows_.size());
    Sums all;
    for (const std::uint32_t i : rows_) all += {gradient_[i], hessian_[i]};
    std::vector<Open> open{{0, 0, rows_.size(), 0, all, -kFree, kFree}};
    while (!open.empty()) {
      const Open here = open.back();
      open.pop_back();
      TreeNode& node = tree_.nodes[here.node];
      node.cover = here.sums.h;
      node.value = value(here.sums, here.low, here.high);
      if (here.depth >= options_.depth) continue;
      const Split best = best_split(here);
      if (best.found()) divide(here, best, open);
    }
    return std::move(tree_);
  }

 private:
  double value(const Sums& sums, double low, double high) const {
    const double weight = sums.h + options_.penalty;
    return weight > 0.0 ? std::clamp(-sums.g / weight, low, high) : 0.0;
  }

  // Twice the loss that a leaf of this value takes away.
  double worth(const Sums& sums, double leaf) const {
    return -(2.0 * sums.g * leaf + (sums.h + options_.penalty) * leaf * leaf);
  }

  int direction(std::size_t column) const {
    return options_.monotone.empty() ? 0 : options_.monotone[column];
  }

  std::vector<std::size_t> columns() {
    std::vector<std::size_t> all(bins_.columns());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (options_.column_share >= 1.0) return all;
    shuffle(all, random_);
    const double wanted = std::ceil(options_.column_share * static_cast<double>(all.size()));
    all.resize(std::max<std::size_t>(1, static_cast<std::size_t>(wanted)));
    std::ranges::sort(all);
    return all;
  }

  Split best_split(const Open& here) {
    Split best;
    best.gain = 0.0;
    const double before = worth(here.sums, value(here.sums, here.low, here.high));
    for (const std::size_t column : columns()) {
      if (bins_.count(column) > 1) scan(here, column, before, best);
    }
    return best;
  }

  void scan(const Open& here, std::size_t column, double before, Split& best) {
    const std::size_t count = bins_.count(column);
    std::array<Sums, 256> histogram;
    std::fill_n(histogram.begin(), count + 1, Sums{});
    const auto codes = table_.column(column);
    for (std::size_t k = here.begin; k < here.end; ++k) {
      const std::uint32_t i = rows_[k];
      histogram[codes[i]] += {gradient_[i], hessian_[i]};
    }
    const Sums missing = histogram[count];
    Sums left;
    for (std::size_t cut = 0; cut + 1 < count; ++cut) {
      left += histogram[cut];
      const Sums right = here.sums - left - missing;
      if (missing.h > 0.0) {
        Sums with = left;
        with += missing;
        offer(here, column, cut, true, with, right, before, best);
        Sums other = right;
        other += missing;
        offer(here, column, cut, false, left, other, before, best);
      } else {  // Nothing learned: a missing value goes where most rows go.
        offer(here, column, cut, left.h >= right.h, left, right, before, best);
      }
    }
  }

  void offer(const Open& here, std::size_t column, std::size_t cut, bool missing_left,
             const Sums& left, const Sums& right, double before, Split& best) const {
    // What subtraction left of an empty side is no row.
    const double fewest = std::max(options_.fewest, 1e-9 * here.sums.h);
    if (!(left.h >= fewest && right.h >= fewest)) return;
    const double low = value(left, here.low, here.high);
    const double high = value(right, here.low, here.high);
    if (direction(column) * (high - low) < 0.0) return;
    const double gain = worth(left, low) + worth(right, high) - before;
    // Rounding must not decide between equal splits: the first column and cut wins.
    if (!(gain > options_.least_gain && gain > best.gain * (1.0 + 1e-12))) return;
    best = {gain, column, cut, missing_left, left, right};
  }

  void divide(const Open& here, const Split& split, std::vector<Open>& open) {
    const auto codes = table_.column(split.column);
    const std::size_t missing = bins_.missing(split.column);
    std::size_t kept = here.begin;
    std::size_t moved = 0;
    for (std::size_t k = here.begin; k < here.end; ++k) {
      const std::uint32_t i = rows_[k];
      const bool left = codes[i] == missing ? split.missing_left : codes[i] <= split.cut;
      if (left) {
        rows_[kept++] = i;
      } else {
        scratch_[moved++] = i;
      }
    }
    std::copy_n(scratch_.begin(), moved, rows_.begin() + static_cast<std::ptrdiff_t>(kept));
    const std::size_t first = tree_.nodes.size();
    tree_.nodes.resize(first + 2);
    TreeNode& node = tree_.nodes[here.node];
    node.feature = static_cast<std::int32_t>(split.column);
    node.threshold = bins_.cuts[split.column][split.cut];
    node.missing_left = split.missing_left;
    node.left = static_cast<std::int32_t>(first);
    node.right = static_cast<std::int32_t>(first + 1);
    double left_low = here.low, left_high = here.high;
    double right_low = here.low, right_high = here.high;
    if (const int rises = direction(split.column); rises != 0) {
      // Whatever is split further on either side stays on its side of the middle.
      const double middle =
          0.5 * (value(split.left, here.low, here.high) + value(split.right, here.low, here.high));
      (rises > 0 ? left_high : left_low) = middle;
      (rises > 0 ? right_low : right_high) = middle;
    }
    open.push_back({first + 1, kept, here.end, here.depth + 1, split.right, right_low, right_high});
    open.push_back({first, here.begin, kept, here.depth + 1, split.left, left_low, left_high});
  }

  const BinnedTable& table_;
  const Bins& bins_;
  std::span<const double> gradient_;
  std::span<const double> hessian_;
  const GrowOptions& options_;
  Philox& random_;
  std::vector<std::uint32_t> rows_{};
  std::vector<std::uint32_t> scratch_{};
  DecisionTree tree_{};
};

}  // namespace

DecisionTree grow_tree(const BinnedTable& table, const Bins& bins, std::span<const double> gradient,
                       std::span<const double> hessian, std::vector<std::uint32_t> rows,
                       const GrowOptions& options, Philox& random) {
  return Grower(table, bins, gradient, hessian, options, random).grow(std::move(rows));
}

}  // namespace emdyn::forecast
