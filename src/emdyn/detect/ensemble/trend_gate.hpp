#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace emdyn::detect {

/// Does the signal go somewhere, so that its past values do not come back? Means of consecutive
/// blocks are kept, 16 to 32 of them, whose length doubles as the history grows; a trend is a mean
/// of the last 15 steps from block to block that is at least 4 of their standard errors from 0 (and
/// stays one above 2.5). Steps rather than a slope, because they tell a trend from what only looks
/// like one: those of stationary noise or a season cancel, one jump is a single large step (t = 1),
/// and those of a random walk have a mean of 0.
///
/// Cost: O(1); 300 bytes.
/// Source: Student, "The Probable Error of a Mean", Biometrika 6 (1908).
class TrendGate {
 public:
  /// @param value |value| <= 1e15.
  void push(double value) noexcept {
    sum_ += value;
    if (++inside_ < length_) return;
    means_[blocks_++] = sum_ / static_cast<double>(length_);
    sum_ = 0.0;
    inside_ = 0;
    if (blocks_ > kSteps) judge();
    if (blocks_ < kMost) return;
    for (std::size_t i = 0; i < kMost / 2; ++i) {
      means_[i] = 0.5 * (means_[2 * i] + means_[2 * i + 1]);
    }
    blocks_ = kMost / 2;
    length_ *= 2;
  }
  bool trending() const noexcept { return trending_; }
  void reset() noexcept { *this = {}; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.means_, self.sum_, self.length_, self.inside_, self.blocks_, self.trending_);
    archive.require(self.length_ >= kFirst && (1ULL << 58) > self.length_);
    archive.require(self.length_ > self.inside_ && kMost > self.blocks_);
  }
  bool operator==(const TrendGate&) const = default;

 private:
  static constexpr std::uint64_t kMost = 32;
  static constexpr std::uint64_t kSteps = 15;
  static constexpr std::uint64_t kFirst = 4;  // Samples of the first blocks.
  static constexpr double kEnters = 4.0;
  static constexpr double kLeaves = 2.5;

  void judge() noexcept {
    const double count = static_cast<double>(kSteps);
    const std::size_t last = static_cast<std::size_t>(blocks_) - 1;
    const double mean = (means_[last] - means_[last - kSteps]) / count;
    double squares = 0.0;
    for (std::size_t i = last - kSteps; i < last; ++i) {
      const double away = means_[i + 1] - means_[i] - mean;
      squares += away * away;
    }
    const double error = std::sqrt(squares / (count * (count - 1.0)));
    trending_ = std::abs(mean) > (trending_ ? kLeaves : kEnters) * error;
  }

  std::array<double, kMost> means_{};
  double sum_ = 0.0;
  std::uint64_t length_ = kFirst;
  std::uint64_t inside_ = 0;  // Samples of the block that is being filled.
  std::uint64_t blocks_ = 0;
  bool trending_ = false;
};

}  // namespace emdyn::detect
