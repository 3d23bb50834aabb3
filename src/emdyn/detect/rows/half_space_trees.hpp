#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// Half-space trees: notices rows in regions where few rows of the last window were. Every tree
/// halves the range of a random channel at each level; the mass a leaf of this window holds is the
/// profile the next window is judged by.
///
/// The halves of a range are the binary digits of the row's place in it, so no split is stored; a
/// row is remembered by the leaf it reaches in each tree, and the masses are made of the leaves
/// when a window is full. All trees descend together, level by level. statistic: log2 of the
/// largest possible over the found mass; ready after one window. Cost: O(trees·depth);
/// 3·trees·2^(depth+1) + 4·window·trees bytes. Source: Tan, Ting & Liu, "Fast Anomaly Detection for
/// Streaming Data", IJCAI 2011.
class HalfSpaceTrees {
 public:
  static constexpr std::string_view kName = "half_space_trees";
  static constexpr std::string_view kSummary = "rows where few rows of the last window were";
  static constexpr std::string_view kPaper =
      "Tan, Ting & Liu, Fast Anomaly Detection for Streaming Data, IJCAI 2011";
  static constexpr std::string_view kCost = "O(trees depth)";
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kOwnThreshold = false;

  struct Config {
    std::int64_t trees = 25;
    std::int64_t depth = 15;
    std::int64_t window = 250;  ///< Rows of one profile.
    std::int64_t seed = 1;
  };
  static constexpr std::array kFields{
      Field<Config>{"trees", &Config::trees, 1, 1000, "number of trees"},
      Field<Config>{"depth", &Config::depth, 1, 16, "halvings of a tree"},
      Field<Config>{"window", &Config::window, 10, 60000, "rows of one profile"},
      Field<Config>{"seed", &Config::seed, 0, 1e15, "of the random trees"},
  };

  /// Bytes it will hold, nearly.
  static double bytes(const Config& config, std::size_t) noexcept {
    return 5.0 * static_cast<double>(config.trees) *
           std::ldexp(2.0, static_cast<int>(config.depth));
  }
  /// @throws ConfigError if a field is out of range.
  HalfSpaceTrees(const Config& config, std::size_t channels);

  double statistic(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return windows_ > 0; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.reference_leaves_, self.latest_leaves_, self.rows_, self.windows_);
    archive.require(self.window_ > self.rows_ && self.sound());
    if constexpr (requires { archive.ok(); }) {
      if (archive.ok()) self.rebuild();
    }
  }
  bool operator==(const HalfSpaceTrees& other) const noexcept;

 private:
  /// The leaf's number, without the leading one of its node.
  using Leaf = std::uint16_t;

  /// Where the row lies in each channel's range of each tree, as 31 binary digits.
  void place(std::span<const double> z) const noexcept;
  /// Adds or takes away the rows of a window below every node they passed.
  void count(std::span<const Leaf> leaves) noexcept;
  void uncount(std::span<const Leaf> leaves) noexcept;
  void rebuild() noexcept;
  bool sound() const noexcept;

  std::size_t trees_;
  std::size_t depth_;
  std::uint64_t window_;
  std::size_t channels_;
  std::size_t columns_;                   // The trees, in whole blocks of eight.
  std::size_t nodes_;                     // Of one tree; node 1 is the root.
  std::size_t stride_;                    // From tree to tree.
  std::vector<std::uint8_t> channel_of_;  // [tree][node]
  std::vector<double> low_;               // [channel][tree], of the range.
  std::vector<double> inverse_width_;
  std::vector<std::uint16_t> reference_;  // [tree][node] rows of the last full window.
  std::vector<Leaf> reference_leaves_;    // [row][tree]
  std::vector<Leaf> latest_leaves_;
  std::uint64_t rows_ = 0;                     // Of the window that fills.
  std::uint64_t windows_ = 0;                  // Filled so far.
  mutable std::vector<std::uint32_t> places_;  // [channel][tree] of one row; no part of the state.
  mutable std::vector<std::uint32_t> nodes_now_;  // Where each tree's descent is.
  mutable std::vector<std::uint32_t> depths_now_;
};

}  // namespace emdyn::detect
