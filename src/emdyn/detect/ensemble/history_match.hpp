#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace emdyn::detect {

/// How far the newest stretch of a stream is from the most similar earlier one, at five lengths:
/// 1, 4, 16, 64 and 256 samples (a left matrix profile, not normalised, so level and size count).
/// The two longer lengths compare means of 4 and 16 samples, so a comparison has at most 16 terms.
/// Earlier stretches do not overlap the newest; of the shorter lengths the last `history` are kept,
/// of the longer ones 4 and 16 times as many samples.
///
/// Cost: at most 53·history multiplications a sample; 24·history bytes.
/// Source: Yeh et al., "Matrix Profile I", ICDM 2016; Lu et al., "Matrix Profile XXIV", KDD 2022.
class HistoryMatch {
 public:
  static constexpr std::size_t kLengths = 5;
  static constexpr std::array<std::size_t, kLengths> kLength{1, 4, 16, 64, 256};

  /// @param history stretches kept of each length, >= 64.
  explicit HistoryMatch(std::size_t history);

  /// Takes the next value in; |value| <= 1e15.
  void push(float value) noexcept;
  /// Euclidean distance of the newest stretch to the nearest earlier one; negative while there is
  /// none.
  double distance(std::size_t length) const noexcept;
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.recent_, self.count_);
    for (auto& blocks : self.blocks_) archive(blocks.values, blocks.pushed);
    archive.require((1ULL << 62) > self.count_);
    for (std::size_t i = 0; i < kSizes; ++i) {
      archive.require(self.blocks_[i].pushed == self.count_ / kSize[i]);
    }
  }
  bool operator==(const HistoryMatch&) const = default;

 private:
  static constexpr std::size_t kSizes = 3;
  static constexpr std::array<std::size_t, kSizes> kSize{1, 4, 16};
  static constexpr std::size_t kTerms = 16;
  static constexpr std::size_t kRecent = 256;

  /// Means of consecutive blocks in a ring written twice, so that any stretch is contiguous.
  struct Blocks {
    std::vector<float> values{};
    std::uint64_t pushed = 0;
    bool operator==(const Blocks&) const = default;
  };
  float recent_mean(std::size_t first_ago, std::size_t count) const noexcept;

  std::size_t room_;  // Blocks of one ring.
  std::vector<float> recent_;
  std::uint64_t count_ = 0;
  std::array<Blocks, kSizes> blocks_;
};

}  // namespace emdyn::detect
