#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// A plateau: what improved stands still. Means of consecutive blocks are kept, 24 to 48 of them,
/// whose length doubles as the history grows; where the older 12 of the last 24 had a clear slope
/// (six standard errors) and the newer 12 have none left, the signal stands. The p-value is that of a
/// slope so far from going on at `least_share` of the old pace. Every training that is done comes to
/// stand, so this is for those who want to know when, and is not among what alarms by default.
///
/// Cost: O(1) a sample; 500 bytes. Source: own; the slope's standard error as in any textbook of least
/// squares, Student's t with 10 degrees of freedom.
class Plateau {
 public:
  static constexpr std::string_view kName = "plateau";
  static constexpr std::string_view kSummary = "plateau: a signal that rose or fell stands still";
  static constexpr std::string_view kPaper = "own; slopes of block means, Student's t";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::trend;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kCalibrated = true;

  struct Config {
    double least_share =
        0.25;  ///< Of the old pace, at which it would still be said to go on; in (0, 1).
  };

  static constexpr std::array kFields{
      Field<Config>{"least_share", &Config::least_share, 0.01, 0.99,
                    "share of the old pace at which the signal would still go on"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Plateau(const Config& config) : share_(checked(kName, kFields, config).least_share) {}

  /// @param sample in signal units; finite.
  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  /// Told: the next one needs another climb or fall.
  void rearm() noexcept {
    if (p_value_ < 1.0) blocks_ = 0;
    p_value_ = 1.0;
  }
  void reset() noexcept;
  bool ready() const noexcept { return ready_; }
  Evidence evidence() const noexcept {
    Evidence evidence;
    evidence.score = score();
    if (evidence.score == 0.0) return evidence;
    evidence.onset_samples_ago = kHalf * length_ - 1;
    evidence.onset_earliest_ago = 2 * kHalf * length_ - 1;
    return evidence;
  }
  double p_value() const noexcept { return p_value_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.means_, self.sum_, self.length_, self.inside_, self.blocks_, self.p_value_,
            self.ready_);
    archive.require(self.length_ >= 1 && (1ULL << 50) > self.length_);
    archive.require(self.length_ > self.inside_ && kMost > self.blocks_);
    archive.require(self.p_value_ >= 0.0 && 1.0 >= self.p_value_);
  }
  bool operator==(const Plateau&) const = default;

 private:
  static constexpr std::uint64_t kHalf = 12;
  static constexpr std::uint64_t kMost = 4 * kHalf;

  struct Slope {
    double value = 0.0;
    double error = 0.0;
  };
  double score() const noexcept {
    return std::min(std::max(-0.25 * std::log10(std::max(p_value_, 1e-300)), 0.0), 100.0);
  }
  Slope slope(std::size_t first) const noexcept;
  void judge() noexcept;

  double share_;
  std::array<double, kMost> means_{};
  double sum_ = 0.0;
  std::uint64_t length_ = 1;
  std::uint64_t inside_ = 0;  // Samples of the block that is being filled.
  std::uint64_t blocks_ = 0;
  double p_value_ = 1.0;
  bool ready_ = false;
};

static_assert(Detector<Plateau>);

}  // namespace emdyn::detect
