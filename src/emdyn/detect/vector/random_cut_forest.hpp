#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/detector.hpp"

namespace emdyn::detect {

/// One robust random cut tree over the newest rows: nodes in an array, rows added and removed one
/// by one. Equal rows share a leaf. Depth is bounded by the number of rows; nothing recurses.
class RandomCutTree {
 public:
  RandomCutTree(std::size_t rows, std::size_t channels);

  /// Where a row would be put and how much it would displace there: the largest ratio of a
  /// sibling's rows to its own branch's, over all its ancestors (collusive displacement).
  /// @param draw uniform numbers in [0, 1), one per level; the same in add().
  template <class Draw>
  double displacement(std::span<const double> row, Draw&& draw) const noexcept;
  template <class Draw>
  void add(std::size_t slot, std::span<const double> row, Draw&& draw) noexcept;
  void remove(std::size_t slot) noexcept;
  void reset() noexcept;
  /// Whether links, counts and slots form one tree: what loading relies on.
  bool sound() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.left_, self.right_, self.parent_, self.count_, self.channel_, self.cut_);
    archive(self.boxes_, self.leaf_of_, self.free_, self.free_count_, self.root_);
    archive.require(self.sound());
  }
  bool operator==(const RandomCutTree&) const = default;

 private:
  static constexpr std::int32_t kNone = -1;
  struct Cut {
    std::size_t channel = 0;
    double value = 0.0;
    bool separates = false;  // The row lies outside the node's box, on the cut's far side.
    bool row_is_low = false;
  };

  std::span<const double> box(std::int32_t node) const noexcept;
  std::span<double> box(std::int32_t node) noexcept;
  Cut cut_of(std::int32_t node, std::span<const double> row, double draw) const noexcept;
  bool equals_leaf(std::int32_t leaf, std::span<const double> row) const noexcept;
  std::int32_t take_node() noexcept;
  std::int32_t make_leaf(std::span<const double> row) noexcept;
  void grow_upwards(std::int32_t node, std::span<const double> row) noexcept;
  void tighten_upwards(std::int32_t node) noexcept;
  void replace_child(std::int32_t parent, std::int32_t old, std::int32_t now) noexcept;

  std::size_t channels_;
  std::vector<std::int32_t> left_, right_, parent_;
  std::vector<std::uint32_t> count_;    // Rows below; 0: a free node.
  std::vector<std::uint32_t> channel_;  // Of the cut.
  std::vector<double> cut_;             // At most: left.
  std::vector<double> boxes_;           // [node][low channels…, high channels…]
  std::vector<std::int32_t> leaf_of_;   // Of each slot; kNone: empty.
  std::vector<std::int32_t> free_;
  std::uint64_t free_count_ = 0;
  std::int32_t root_ = kNone;
};

/// Robust random cut forest: notices rows whose presence makes the description of the others
/// longer. Rows may be shingles: several neighbouring rows side by side.
///
/// statistic: mean collusive displacement over the trees; ready when the trees are full.
/// Cost: O(trees·log(rows)·channels); about 1 KB per tree, row and eight channels.
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
    std::int64_t shingle = 4;  ///< Neighbouring rows taken together.
    std::int64_t seed = 1;
  };
  static constexpr std::array kFields{
      Field<Config>{"trees", &Config::trees, 1, 1000, "number of trees"},
      Field<Config>{"rows", &Config::rows, 8, 4096, "newest rows each tree holds"},
      Field<Config>{"shingle", &Config::shingle, 1, 64, "neighbouring rows taken together"},
      Field<Config>{"seed", &Config::seed, 0, 1e15, "of the random cuts"},
  };

  /// @throws ConfigError if a field is out of range.
  RandomCutForest(const Config& config, std::size_t channels);

  double statistic(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return seen_ >= shingle_ + rows_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.trees_, self.recent_, self.seen_);
    for (const double z : self.recent_) archive.require(1e3 >= z && z >= -1e3);
  }
  bool operator==(const RandomCutForest&) const = default;

 private:
  void shingle_with(std::span<const double> z, std::span<double> out) const noexcept;

  std::uint64_t shingle_;
  std::uint64_t rows_;
  std::uint64_t seed_;
  std::vector<RandomCutTree> trees_;
  std::vector<double> recent_;        // The last shingle − 1 rows, oldest first.
  mutable std::vector<double> work_;  // One shingle; no part of the state.
  std::uint64_t seen_ = 0;
};

}  // namespace emdyn::detect
