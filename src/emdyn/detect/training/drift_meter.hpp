#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace emdyn::detect {

/// How clearly a signal climbs beside what it did just before, at time scales of 4 to 256 samples:
/// the last stretch of each length is compared with the stretch before it, and with one three times as
/// long (each by the median of its quarters' means, so that a lone spike does not count), in standard
/// errors that are learned at that
/// very scale: noise that wanders has larger ones than white noise would. They come from second
/// differences of neighbouring stretches, to which a steady slope adds nothing; while these are few at
/// a scale, the scales below it say how noise goes on with length. A climb counts where
/// it goes on within the last stretch; a step that is over is none. While the signal falls as it is
/// wont to, or stands, the chance of a climb is at most what is stated.
///
/// Cost: O(64), about 0.2 microseconds; 4.5 KB.
/// Source: own; the statistic is Student's t of two means ("The Probable Error of a Mean",
/// Biometrika 6, 1908), the scales as in Fryzlewicz, "Wild Binary Segmentation", Ann. Stat. 42 (2014).
class DriftMeter {
 public:
  static constexpr std::size_t kScales = 7;
  static constexpr std::size_t kRoom = 512;

  /// @param sign 1: rises are sought, -1: falls.
  explicit DriftMeter(double sign) noexcept : sign_(sign) {}

  /// @param value |value| <= 1e140. @param least_sigmas of single samples that the climb must be.
  void push(double value, double least_sigmas) noexcept;
  /// Chance of a climb as clear as the clearest of the last sample, per sample; 1 where there is none.
  double p_value() const noexcept { return p_value_; }
  /// Samples since the climb began, about.
  std::uint64_t onset_samples_ago() const noexcept { return onset_; }
  /// Knows the noise of at least one scale.
  bool ready() const noexcept { return known_[0] >= kFewest; }
  /// The past is no longer compared with; the noise stays known. A climb that was told may go on for
  /// 512 samples before it is told again.
  void rearm() noexcept;
  void reset() noexcept { *this = DriftMeter(sign_); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.values_, self.means_, self.squares_, self.known_, self.complete_, self.kept_,
            self.seen_, self.onset_, self.hold_, self.p_value_);
    archive.require(kRoom >= self.kept_ && (1ULL << 62) > self.seen_ && kRoom >= self.onset_ &&
                    kRoom >= self.hold_);
    archive.require(self.p_value_ >= 0.0 && 1.0 >= self.p_value_);
    for (std::size_t s = 0; s < kScales; ++s) {
      archive.require(2 >= self.complete_[s] && self.squares_[s] >= 0.0 && self.known_[s] >= 0.0 &&
                      kMostKnown >= self.known_[s]);
    }
  }
  bool operator==(const DriftMeter&) const = default;

 private:
  static constexpr double kFewest = 10.0;      // Second differences before the shortest speaks,
  static constexpr double kFew = 3.0;          // and each of the others.
  static constexpr double kMostKnown = 40.0;   // Over which they are averaged, and of the longer
  static constexpr double kMostOfLong = 16.0;  // scales, whose past is long ago.

  struct Stretch {
    double middle = 0.0;  // Median of the quarters' means.
    double rise = 0.0;    // From its first half to its last.
  };
  Stretch stretch(std::size_t newest_ago, std::size_t length) const noexcept;
  double sum(std::size_t newest_ago, std::size_t length) const noexcept;
  void learn(std::size_t scale, double middle) noexcept;
  void look(std::size_t scale, double least) noexcept;
  struct Noise {
    double variance = 0.0;  // Of a difference of neighbouring stretches.
    double freedom = 0.0;
  };
  Noise expected_noise(std::size_t scale) const noexcept;
  Noise noise(std::size_t scale) const noexcept;

  double sign_;
  std::array<double, kRoom> values_{};                  // The last ones, a ring by seen_.
  std::array<std::array<double, 2>, kScales> means_{};  // Of the last two stretches of each scale.
  std::array<double, kScales> squares_{};  // Of a difference of neighbouring stretches.
  std::array<double, kScales> known_{};
  std::array<std::uint64_t, kScales> complete_{};  // Stretches in means_: 0, 1 or 2.
  std::uint64_t kept_ = 0;                         // Values since rearm.
  std::uint64_t seen_ = 0;
  std::uint64_t onset_ = 0;
  std::uint64_t hold_ = 0;  // Samples for which a told climb is not told again.
  double p_value_ = 1.0;
};

}  // namespace emdyn::detect
