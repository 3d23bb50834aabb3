#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/simd.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// One robust random cut tree over the newest rows: nodes in an array, rows added and removed one
/// by one. Equal rows share a leaf. Depth is bounded by the number of rows; nothing recurses,
/// nothing is allocated after construction. Coordinates are floats in whole blocks of eight, so
/// that a box is compared with a row in a few vector instructions.
class RandomCutTree {
 public:
  static constexpr std::size_t kLanes = 8;

  RandomCutTree(std::size_t rows, std::size_t channels);

  /// Where a row would be put and how much it would displace there: the largest ratio of a
  /// sibling's rows to its own branch's, over all its ancestors (collusive displacement).
  /// @param row padded with zeros to whole blocks of eight
  /// @param draw uniform numbers in [0, 1), one at each node whose box does not hold the row.
  template <class Draw>
  EMDYN_INLINE_BODY double displacement(const float* row, Draw&& draw) const noexcept;
  template <class Draw>
  EMDYN_INLINE_BODY void add(std::size_t slot, const float* row, Draw&& draw) noexcept;
  EMDYN_INLINE_BODY void remove(std::size_t slot) noexcept;
  void reset() noexcept;
  /// Whether links, counts and slots form one tree: what loading relies on.
  bool sound() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.nodes_, self.boxes_, self.leaf_of_, self.free_, self.free_count_, self.root_);
    archive.require(self.sound());
  }
  bool operator==(const RandomCutTree&) const = default;

 private:
  static constexpr std::int32_t kNone = -1;
  struct Node {
    std::int32_t left = kNone;
    std::int32_t right = kNone;
    std::int32_t parent = kNone;
    std::uint32_t count = 0;    // Rows below; 0: a free node.
    std::uint32_t channel = 0;  // Of the cut.
    float cut = 0.0F;           // At most: left.
    bool operator==(const Node&) const = default;
    template <class Self, class Archive>
    static void state(Self& self, Archive& archive) {
      archive(self.left, self.right, self.parent, self.count, self.channel, self.cut);
    }
  };
  struct Cut {
    std::size_t channel = 0;
    float value = 0.0F;
    bool row_is_low = false;
  };
  /// Sums over the channels: how far a row lies outside a box, and the sides of the box.
  struct Reach {
    double beyond = 0.0;
    double sides = 0.0;
  };

  const Node& node(std::int32_t at) const noexcept { return nodes_[static_cast<std::size_t>(at)]; }
  Node& node(std::int32_t at) noexcept { return nodes_[static_cast<std::size_t>(at)]; }
  const float* box(std::int32_t at) const noexcept {
    return boxes_.data() + static_cast<std::size_t>(at) * 2 * width_;
  }
  float* box(std::int32_t at) noexcept {
    return boxes_.data() + static_cast<std::size_t>(at) * 2 * width_;
  }
  EMDYN_INLINE_BODY Reach reach(std::int32_t at, const float* row) const noexcept;
  Cut cut_outside(std::int32_t at, const float* row, double place) const noexcept;
  EMDYN_INLINE_BODY void grow(std::int32_t at, const float* row) noexcept;
  EMDYN_INLINE_BODY bool refit(std::int32_t at) noexcept;
  std::int32_t make_leaf(const float* row) noexcept;
  EMDYN_INLINE_BODY void insert_above(std::int32_t at, std::int32_t leaf, const Cut& cut,
                                      const float* row) noexcept;
  void replace_child(std::int32_t parent, std::int32_t old, std::int32_t now) noexcept;
  void give_back(std::int32_t at) noexcept;

  std::size_t channels_;
  std::size_t width_;  // Channels, in whole blocks.
  std::vector<Node> nodes_;
  std::vector<float> boxes_;           // [node][low channels…, high channels…]
  std::vector<std::int32_t> leaf_of_;  // Of each slot; kNone: empty.
  std::vector<std::int32_t> free_;
  std::uint64_t free_count_ = 0;
  std::int32_t root_ = kNone;
};

/// Robust random cut forest: notices rows whose presence makes the description of the others
/// longer. Rows may be shingles: several neighbouring rows side by side.
///
/// statistic: mean collusive displacement over the trees; ready when the trees are full.
/// Cost: O(trees·log(rows)·channels); per tree and row about 50 bytes and 16 a channel.
/// Source: Guha, Mishra, Roy & Schrijvers, "Robust Random Cut Forest Based Anomaly Detection on
/// Streams", ICML 2016.
class RandomCutForest {
 public:
  static constexpr std::string_view kName = "random_cut_forest";
  static constexpr std::string_view kSummary = "rows that displace many others in random cut trees";
  static constexpr std::string_view kPaper =
      "Guha et al., Robust Random Cut Forest Based Anomaly Detection, ICML 2016";
  static constexpr std::string_view kCost = "O(trees log(rows) channels)";
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kOwnThreshold = false;

  struct Config {
    std::int64_t trees = 40;
    std::int64_t rows = 256;   ///< Newest rows each tree holds.
    std::int64_t shingle = 1;  ///< Neighbouring rows taken together; 1: each row by itself.
    std::int64_t seed = 1;
  };
  static constexpr std::array kFields{
      Field<Config>{"trees", &Config::trees, 1, 1000, "number of trees"},
      Field<Config>{"rows", &Config::rows, 8, 4096, "newest rows each tree holds"},
      Field<Config>{"shingle", &Config::shingle, 1, 64, "neighbouring rows taken together"},
      Field<Config>{"seed", &Config::seed, 0, 1e15, "of the random cuts"},
  };

  /// Bytes it will hold, nearly.
  static double bytes(const Config& config, std::size_t channels) noexcept {
    const double dimensions = static_cast<double>(config.shingle) * static_cast<double>(channels);
    return static_cast<double>(config.trees) * static_cast<double>(config.rows) *
           (32.0 * dimensions + 64.0);
  }
  /// @throws ConfigError if a field is out of range.
  RandomCutForest(const Config& config, std::size_t channels);

  double statistic(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void follow(std::span<const double> z) noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return seen_ >= shingle_ + rows_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.trees_, self.recent_, self.seen_);
    for (const double z : self.recent_) archive.require(1e3 >= z && z >= -1e3);
  }
  bool operator==(const RandomCutForest&) const = default;

 private:
  void shingle_with(std::span<const double> z) const noexcept;

  std::uint64_t shingle_;
  std::uint64_t rows_;
  std::uint64_t seed_;
  std::vector<RandomCutTree> trees_;
  std::vector<double> recent_;       // The last shingle − 1 rows, oldest first.
  mutable std::vector<float> work_;  // One shingle, in whole blocks; no part of the state.
  std::uint64_t seen_ = 0;
};

}  // namespace emdyn::detect
