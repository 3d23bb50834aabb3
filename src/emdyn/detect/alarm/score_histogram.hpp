#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace emdyn::detect {

/// Counts of non-negative scores in bins of 1/32 octave (3 % wide at most), over 64 octaves from
/// 2^-24 up; smaller scores share bin 0, larger ones the last. Counts are real numbers, so that a
/// prior may count in fractions and the past may fade without losing its tail.
///
/// Cost: O(1) to add; to look up, the blocks of 32 bins above, at most 96 additions; 8 KB.
class ScoreHistogram {
 public:
  static constexpr std::size_t kPerOctave = 32;
  static constexpr std::size_t kBlocks = 64;  // Of an octave each.
  static constexpr std::size_t kBins = kPerOctave * kBlocks + 1;

  ScoreHistogram() : counts_(kBins, 0.0F) {}

  /// By the bits of the number: exponent, and five bits of the mantissa.
  static std::size_t bin(double score) noexcept {
    if (!(score >= kLowest)) return 0;
    if (score >= kHighest) return kBins - 1;
    return 1 + static_cast<std::size_t>((std::bit_cast<std::uint64_t>(score) >> 47) - kFirstBits);
  }
  /// The smallest score of a bin, and the smallest of the bin after it.
  static double lower_edge(std::size_t bin) noexcept {
    if (bin == 0) return 0.0;
    return std::bit_cast<double>((kFirstBits + static_cast<std::uint64_t>(bin) - 1) << 47);
  }
  static double upper_edge(std::size_t bin) noexcept { return lower_edge(bin + 1); }

  void add(std::size_t bin, float count) noexcept {
    counts_[bin] += count;
    if (bin > 0) blocks_[(bin - 1) / kPerOctave] += count;
    total_ += static_cast<double>(count);
  }
  /// Takes back what was added, as far as it is still there.
  void remove(std::size_t bin, float count) noexcept {
    const float taken = std::min(count, counts_[bin]);
    counts_[bin] -= taken;
    if (bin > 0) {
      float& block = blocks_[(bin - 1) / kPerOctave];
      block = std::max(block - taken, 0.0F);
    }
    total_ = std::max(total_ - static_cast<double>(taken), 0.0);
  }
  double count(std::size_t bin) const noexcept { return static_cast<double>(counts_[bin]); }
  double total() const noexcept { return total_; }
  /// Sum of the counts of all higher bins.
  double above(std::size_t bin) const noexcept;
  /// Everything counts half.
  void fade() noexcept;
  void clear() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.counts_, self.blocks_, self.total_);
    for (const float count : self.counts_) archive.require(count >= 0.0F && count <= 1e9F);
    for (const float count : self.blocks_) archive.require(count >= 0.0F && count <= 1e9F);
    archive.require(self.total_ >= 0.0 && self.total_ <= 1e12);
  }
  bool operator==(const ScoreHistogram&) const = default;

 private:
  static constexpr double kLowest = 0x1p-24;
  static constexpr double kHighest = 0x1p40;
  static constexpr std::uint64_t kFirstBits = std::bit_cast<std::uint64_t>(kLowest) >> 47;

  std::vector<float> counts_;
  std::array<float, kBlocks> blocks_{};  // Sums over an octave; bin 0 is in none.
  double total_ = 0.0;
};

}  // namespace emdyn::detect
