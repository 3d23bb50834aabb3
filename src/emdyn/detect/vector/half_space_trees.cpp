#include "emdyn/detect/vector/half_space_trees.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"

namespace emdyn::detect {
namespace {

constexpr double kHalfRange = 4.0;  // Deviations: where rows are expected to lie.

}  // namespace

HalfSpaceTrees::HalfSpaceTrees(const Config& config, std::size_t channels)
    : trees_(static_cast<std::size_t>(checked(kName, kFields, config).trees)),
      depth_(static_cast<std::size_t>(config.depth)),
      window_(static_cast<std::uint64_t>(config.window)),
      channels_(channels),
      nodes_(std::size_t{2} << depth_),
      channel_of_(trees_ * nodes_),
      low_(trees_ * channels),
      inverse_width_(trees_ * channels),
      reference_(trees_ * nodes_, 0),
      latest_(trees_ * nodes_, 0) {
  Philox random(static_cast<std::uint64_t>(config.seed), 11);
  for (std::uint8_t& channel : channel_of_) {
    channel = static_cast<std::uint8_t>(random.below(static_cast<std::uint32_t>(channels)));
  }
  for (std::size_t i = 0; i < low_.size(); ++i) {
    // The paper's work range, centred on a random place of the expected range.
    const double place = random.uniform();
    const double reach = 2.0 * std::max(place, 1.0 - place);
    low_[i] = (2.0 * (place - reach) - 1.0) * kHalfRange;
    inverse_width_[i] = 1.0 / (4.0 * reach * kHalfRange);
  }
}

void HalfSpaceTrees::digits(std::size_t tree, std::span<const double> z,
                            std::array<std::uint32_t, 256>& out) const noexcept {
  for (std::size_t i = 0; i < channels_; ++i) {
    const std::size_t at = tree * channels_ + i;
    const double share = std::clamp((z[i] - low_[at]) * inverse_width_[at], 0.0, 0.9999999997);
    out[i] = static_cast<std::uint32_t>(share * 4294967296.0);
  }
}

double HalfSpaceTrees::statistic(std::span<const double> z) const noexcept {
  const auto enough = static_cast<std::uint16_t>(window_ / 10);
  std::array<std::uint32_t, 256> places;
  double mass = 1.0;
  for (std::size_t tree = 0; tree < trees_; ++tree) {
    digits(tree, z, places);
    const std::uint16_t* held = reference_.data() + tree * nodes_;
    const std::uint8_t* channel = channel_of_.data() + tree * nodes_;
    std::size_t node = 1;
    std::size_t depth = 0;
    while (depth < depth_ && held[node] > enough) {
      std::uint32_t& place = places[channel[node]];
      node = 2 * node + (place >> 31);
      place <<= 1;
      ++depth;
    }
    mass += std::ldexp(static_cast<double>(held[node]), static_cast<int>(depth));
  }
  const double most = std::ldexp(static_cast<double>(trees_ * window_), static_cast<int>(depth_));
  return std::max(0.0, std::log2(most / mass));
}

void HalfSpaceTrees::learn(std::span<const double> z) noexcept {
  std::array<std::uint32_t, 256> places;
  for (std::size_t tree = 0; tree < trees_; ++tree) {
    digits(tree, z, places);
    std::uint16_t* held = latest_.data() + tree * nodes_;
    const std::uint8_t* channel = channel_of_.data() + tree * nodes_;
    std::size_t node = 1;
    for (std::size_t depth = 0;; ++depth) {
      ++held[node];
      if (depth == depth_) break;
      std::uint32_t& place = places[channel[node]];
      node = 2 * node + (place >> 31);
      place <<= 1;
    }
  }
  if (++rows_ < window_) return;
  reference_.swap(latest_);
  std::ranges::fill(latest_, std::uint16_t{0});
  rows_ = 0;
  ++windows_;
}

void HalfSpaceTrees::reset() noexcept {
  std::ranges::fill(reference_, std::uint16_t{0});
  std::ranges::fill(latest_, std::uint16_t{0});
  rows_ = windows_ = 0;
}

}  // namespace emdyn::detect
