#include "emdyn/detect/rows/half_space_trees.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/core/simd.hpp"

namespace emdyn::detect {
namespace {

// Between trees, so that their roots do not compete for the same places of a cache.
constexpr std::size_t kPadding = 96;
constexpr double kHalfRange = 4.0;  // Deviations: where rows are expected to lie.

}  // namespace

HalfSpaceTrees::HalfSpaceTrees(const Config& config, std::size_t channels)
    : trees_(static_cast<std::size_t>(checked(kName, kFields, config).trees)),
      depth_(static_cast<std::size_t>(config.depth)),
      window_(static_cast<std::uint64_t>(config.window)),
      channels_(channels),
      columns_((trees_ + 7) / 8 * 8),
      nodes_(std::size_t{2} << depth_),
      stride_(nodes_ + kPadding),
      channel_of_(trees_ * stride_, 0),
      low_(channels * columns_, 0.0),
      inverse_width_(channels * columns_, 0.0),
      reference_(trees_ * stride_, 0),
      reference_leaves_(trees_ * static_cast<std::size_t>(window_), 0),
      latest_leaves_(reference_leaves_.size(), 0),
      places_(channels * columns_, 0),
      nodes_now_(trees_, 1),
      depths_now_(trees_, 0) {
  Philox random(static_cast<std::uint64_t>(config.seed), 11);
  for (std::size_t tree = 0; tree < trees_; ++tree) {
    for (std::size_t node = 0; node < nodes_; ++node) {
      channel_of_[tree * stride_ + node] =
          static_cast<std::uint8_t>(random.below(static_cast<std::uint32_t>(channels)));
    }
  }
  for (std::size_t tree = 0; tree < trees_; ++tree) {
    for (std::size_t i = 0; i < channels; ++i) {
      // The paper's work range, centred on a random place of the expected range.
      const double centre = random.uniform();
      const double reach = 2.0 * std::max(centre, 1.0 - centre);
      low_[i * columns_ + tree] = (2.0 * (centre - reach) - 1.0) * kHalfRange;
      inverse_width_[i * columns_ + tree] = 1.0 / (4.0 * reach * kHalfRange);
    }
  }
}

void HalfSpaceTrees::place(std::span<const double> z) const noexcept {
  run_widest([&]() EMDYN_INLINE_BODY {
    for (std::size_t i = 0; i < channels_; ++i) {
      const double value = z[i];
      const double* __restrict low = low_.data() + i * columns_;
      const double* __restrict inverse_width = inverse_width_.data() + i * columns_;
      std::uint32_t* __restrict out = places_.data() + i * columns_;
      for (std::size_t tree = 0; tree < columns_; ++tree) {
        const double share = (value - low[tree]) * inverse_width[tree];
        const double above = share > 0.0 ? share : 0.0;
        const double held = above < 0.9999999997 ? above : 0.9999999997;
        out[tree] = static_cast<std::uint32_t>(static_cast<std::int32_t>(held * 2147483648.0));
      }
    }
  });
}

/// Level by level over all trees: the loads of one tree wait while those of the others run.
double HalfSpaceTrees::statistic(std::span<const double> z) const noexcept {
  const auto enough = static_cast<std::uint16_t>(window_ / 10);
  place(z);
  std::ranges::fill(nodes_now_, 1U);
  std::ranges::fill(depths_now_, 0U);
  const auto leaves = static_cast<std::uint32_t>(nodes_ >> 1);
  // A tree that stops stays where it is while the others go on.
  for (std::uint32_t moved = 1; moved != 0;) {
    moved = 0;
    const std::uint8_t* channel = channel_of_.data();
    const std::uint16_t* held = reference_.data();
    for (std::size_t tree = 0; tree < trees_; ++tree, channel += stride_, held += stride_) {
      const std::uint32_t node = nodes_now_[tree];
      const std::uint32_t goes = static_cast<std::uint32_t>(held[node] > enough) &
                                 static_cast<std::uint32_t>(node < leaves);
      std::uint32_t& digits = places_[channel[node] * columns_ + tree];
      const std::uint32_t below = 2 * node + ((digits >> 30) & 1U);
      digits <<= 1;
      nodes_now_[tree] = node + (below - node) * goes;  // No branch: it could not be foretold.
      depths_now_[tree] += goes;
      moved |= goes;
    }
  }
  double mass = 1.0;
  for (std::size_t tree = 0; tree < trees_; ++tree) {
    const std::uint64_t held = reference_[tree * stride_ + nodes_now_[tree]];
    mass += static_cast<double>(held << depths_now_[tree]);
  }
  const double most = std::ldexp(static_cast<double>(trees_ * window_), static_cast<int>(depth_));
  return std::max(0.0, std::log2(most / mass));
}

void HalfSpaceTrees::learn(std::span<const double> z) noexcept {
  place(z);
  std::ranges::fill(nodes_now_, 1U);
  for (std::size_t depth = 0; depth < depth_; ++depth) {
    const std::uint8_t* channel = channel_of_.data();
    for (std::size_t tree = 0; tree < trees_; ++tree, channel += stride_) {
      std::uint32_t& node = nodes_now_[tree];
      std::uint32_t& digits = places_[channel[node] * columns_ + tree];
      node = 2 * node + ((digits >> 30) & 1U);
      digits <<= 1;
    }
  }
  Leaf* leaves = latest_leaves_.data() + rows_ * trees_;
  const std::uint32_t mask = (1U << depth_) - 1U;
  for (std::size_t tree = 0; tree < trees_; ++tree) {
    leaves[tree] = static_cast<Leaf>(nodes_now_[tree] & mask);
  }
  if (++rows_ < window_) return;
  if (windows_ > 0) uncount(reference_leaves_);
  reference_leaves_.swap(latest_leaves_);
  count(reference_leaves_);
  rows_ = 0;
  ++windows_;
}

void HalfSpaceTrees::count(std::span<const Leaf> leaves) noexcept {
  for (std::size_t tree = 0; tree < trees_; ++tree) {
    std::uint16_t* held = reference_.data() + tree * stride_;
    for (std::size_t at = tree; at < leaves.size(); at += trees_) {
      for (std::size_t node = (nodes_ >> 1) + leaves[at]; node > 0; node >>= 1) ++held[node];
    }
  }
}

void HalfSpaceTrees::uncount(std::span<const Leaf> leaves) noexcept {
  for (std::size_t tree = 0; tree < trees_; ++tree) {
    std::uint16_t* held = reference_.data() + tree * stride_;
    for (std::size_t at = tree; at < leaves.size(); at += trees_) {
      // Above a node that is empty already all are.
      for (std::size_t node = (nodes_ >> 1) + leaves[at]; held[node] > 0; node >>= 1) {
        held[node] = 0;
      }
    }
  }
}

void HalfSpaceTrees::rebuild() noexcept {
  std::ranges::fill(reference_, std::uint16_t{0});
  if (windows_ > 0) count(reference_leaves_);
}

bool HalfSpaceTrees::sound() const noexcept {
  for (const auto* leaves : {&reference_leaves_, &latest_leaves_}) {
    for (const Leaf leaf : *leaves) {
      if (leaf >= nodes_ >> 1) return false;
    }
  }
  return true;
}

void HalfSpaceTrees::reset() noexcept {
  std::ranges::fill(reference_, std::uint16_t{0});
  std::ranges::fill(reference_leaves_, Leaf{0});
  std::ranges::fill(latest_leaves_, Leaf{0});
  rows_ = windows_ = 0;
}

bool HalfSpaceTrees::operator==(const HalfSpaceTrees& other) const noexcept {
  return channel_of_ == other.channel_of_ && low_ == other.low_ && window_ == other.window_ &&
         reference_ == other.reference_ && reference_leaves_ == other.reference_leaves_ &&
         latest_leaves_ == other.latest_leaves_ && rows_ == other.rows_ &&
         windows_ == other.windows_;
}

}  // namespace emdyn::detect
