#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

namespace emdyn::detect {

/// Places a statistic among all its earlier values: how surprising is one this large? Within the
/// past values by rank; beyond their highest tenth by a generalised Pareto tail (peaks over
/// threshold), whose shape is estimated by the moments of the logarithms, drawn towards 0 while the
/// peaks are few, and at least 0: no value is called impossible. Where theory knows the tail to be
/// exponential, the shape is 0 and the mean excess expected counts as excesses already seen, so
/// that a short past is not taken for a thin tail. Values are >= 0 and may have any unit.
///
/// Keeps counts in bins 1/32 octave wide over 64 octaves that follow the largest value; values too
/// small for them count as 0. Counts are halved each 131,072 values, so the far past fades.
/// Cost: O(bins in use), 8 KB.
/// Source: Davison & Smith, "Models for Exceedances over High Thresholds", JRSS B 52 (1990);
/// Dekkers, Einmahl, de Haan, "A Moment Estimator for the Index of an Extreme-Value Distribution",
/// Annals of Statistics 17 (1989).
class SurpriseScale {
 public:
  static constexpr double kTailShare = 0.1;
  static constexpr std::uint64_t kEnough = 50;  // Values before the first answer.
  static constexpr double kMost = 30.0;

  /// A tail of any shape.
  SurpriseScale() : SurpriseScale(0.0, 0.0) {}
  /// An exponential tail.
  /// @param prior_excess mean excess expected in advance, in the values' unit; >= 0.
  /// @param prior_weight excesses that expectation is worth; > 0.
  SurpriseScale(double prior_excess, double prior_weight);

  /// −log10 of the chance of a value this large or larger, in [0, 30]; 0 until there are enough.
  double surprise(double value) const noexcept;
  void learn(double value) noexcept;
  bool ready() const noexcept { return total_ >= kEnough; }
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.counts_, self.total_, self.highest_, self.lowest_octave_, self.anchored_);
    std::uint64_t sum = 0;
    for (const std::uint32_t count : self.counts_) sum += count;
    archive.require(sum == self.total_ && self.total_ <= 2 * kFade);
    archive.require(self.counts_.size() > self.highest_);
    archive.require(std::abs(self.lowest_octave_) <= 2000.0);
  }
  bool operator==(const SurpriseScale&) const = default;

 private:
  static constexpr std::uint64_t kFade = 131072;

  struct Peaks;

  Peaks peaks() const noexcept;
  double beyond(const Peaks& peaks, double value) const noexcept;
  double place(double value) const noexcept;
  std::size_t bin(double value) const noexcept;
  double upper_edge(std::size_t bin) const noexcept;
  double middle(std::size_t bin) const noexcept;
  void make_room(double value) noexcept;

  double prior_excess_;
  double prior_weight_;
  std::vector<std::uint32_t> counts_;  // [0] is "zero".
  std::uint64_t total_ = 0;
  std::uint64_t highest_ = 0;   // Highest bin ever used.
  double lowest_octave_ = 0.0;  // log2 of the lower edge of bin 1.
  bool anchored_ = false;       // A positive value was seen.
};

}  // namespace emdyn::detect
