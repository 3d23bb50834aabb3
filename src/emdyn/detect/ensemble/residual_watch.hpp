#pragma once
#include <array>
#include <cstdint>

#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/alarm/residual_tail.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/ensemble/null_belief.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/detect/level/cusum.hpp"

namespace emdyn::detect {

/// Spikes and lasting shifts beside trend and season, priced by what the residuals of this very
/// signal have been like.
///
///   spike  the residual's chance: that of a residual on its side times that of one so far out
///          there (ResidualTail), of both sides together. A signal that has stood still to the last
///          digit so far has no residuals to compare with; its first move is as rare as such first
///          moves are among such signals, and rarer the longer it stood. What comes at equal intervals
///          for the fifth time is expected.
///   shift  CUSUM of the residuals' normal scores (the normal quantiles of their chances, clipped so
///          that no spike looks like a shift), which are near N(0, 1) whatever the skew and tails of
///          the noise. Its price is asked only while they look it (NormalCore, NullBelief).
///
/// Cost: that of a FrontEnd, and 2 to 3 microseconds; 55 KB.
/// Source: Dawid, "Statistical Theory: the Prequential Approach", JRSS A 147 (1984), the scores.
class ResidualWatch {
 public:
  struct Price {
    double spike = 1.0;
    double shift = 1.0;
  };

  /// @param longest_period in samples, of a season; 0: none.
  explicit ResidualWatch(std::int64_t longest_period);

  Price push(double sample) noexcept;
  bool ready() const noexcept { return front_end_.ready(); }
  /// What the next sample is expected to be, and the deviation of the error; in signal units.
  double prediction() const noexcept { return front_end_.prediction(); }
  double sigma() const noexcept { return front_end_.sigma(); }
  double quantum() const noexcept { return front_end_.quantum(); }
  bool rising() const noexcept { return rising_; }
  Evidence shift_evidence() const noexcept { return shift_.evidence(); }
  void skip(std::uint64_t count) noexcept;
  /// A shift was told.
  void rearm_shift() noexcept;
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.front_end_, self.up_, self.down_, self.shift_, self.policy_, self.belief_,
            self.core_);
    archive(self.residuals_, self.moves_, self.ups_, self.downs_, self.first_moves_, self.still_,
            self.last_, self.strange_at_, self.indicator_, self.rising_);
    archive.require(self.residuals_ >= self.moves_ && self.moves_ >= 0.0 && self.ups_ >= 0.0 &&
                    self.downs_ >= 0.0 && self.still_ >= 0.0 && self.first_moves_ >= 0.0 &&
                    1e18 >= self.residuals_ && 1e18 >= self.still_ && 1e6 >= self.first_moves_);
  }
  bool operator==(const ResidualWatch&) const = default;

 private:
  double chance_of(double size, bool up) const noexcept;
  double first_move() noexcept;
  bool on_time() noexcept;
  void learn(double size, double chance) noexcept;

  FrontEnd front_end_;
  ResidualTail up_;
  ResidualTail down_;
  Cusum shift_;
  AlarmPolicy policy_;
  NullBelief belief_{10.0};
  NormalCore core_;
  double residuals_ = 0.0;  // Seen.
  double moves_ = 0.0;      // Of these, which were not 0 to the last digit.
  double ups_ = 0.0;        // Of those of late, on either side.
  double downs_ = 0.0;
  double first_moves_ = 0.0;  // Told after a long stand.
  double still_ = 0.0;        // Samples since the signal last changed.
  double last_ = 0.0;         // Sample.
  static constexpr std::size_t kIntervals = 4;
  /// When residuals on either side were last strange, newest first; 0: not yet.
  std::array<std::array<double, kIntervals>, 2> strange_at_{};
  bool indicator_ = true;  // Zeros and ones alone.
  bool rising_ = false;
};

}  // namespace emdyn::detect
