#pragma once
#include <array>
#include <cstdint>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/front_end/season.hpp"
#include "emdyn/detect/front_end/trend_filter.hpp"

namespace emdyn::detect {

/// Makes a signal ready for a detector: removes level, slope, lag-one dependence and season,
/// divides by the noise, and hands on the standardised one-step residual, near N(0, 1) while the
/// signal behaves as before. Strictly causal: the residual of a sample uses the samples before it.
/// How: TrendFilter and Season.
///
/// A season is sought up to `longest_period` samples and used once it is significant and has been
/// shown to predict, after four cycles at the earliest; a signal without one passes through the
/// TrendFilter alone, bit for bit. A rearm forgets the season: where in the cycle the signal starts
/// again is not known.
///
/// Cost: O(1), about 0.25 microseconds a sample, averaged over the looks for a season, and 0.5 to
/// 0.7 with one; 1.2 KB and 56 * longest_period bytes (19 KB at the default) a signal, allocated
/// when made.
class FrontEnd {
 public:
  struct Config {
    std::int64_t warmup_samples = 24;   ///< Before the first residual; >= 16.
    double scale_memory_samples = 100;  ///< Over which the noise level is averaged.
    double clip_sigmas = 3.0;           ///< Residuals teach no more than this.
    std::int64_t longest_period = 336;  ///< Of a season, in samples; 0: none is sought.
  };

  static constexpr std::array kFields{
      Field<Config>{"warmup_samples", &Config::warmup_samples, 16, 1e5,
                    "samples before the first residual"},
      Field<Config>{"scale_memory_samples", &Config::scale_memory_samples, 10, 1e6,
                    "samples over which the noise level is averaged"},
      Field<Config>{"clip_sigmas", &Config::clip_sigmas, 1.5, 10.0,
                    "deviations beyond which a residual teaches no more"},
      Field<Config>{"longest_period", &Config::longest_period, 0, 4096,
                    "samples of the longest season sought; 0: none"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit FrontEnd(const Config& config);
  FrontEnd() : FrontEnd(Config{}) {}

  /// @param sample in signal units; finite.
  /// @return the standardised residual; 0 during warm-up.
  double update(double sample) noexcept;
  /// `count` samples are missing: the lines move on along their slopes, the season along its cycle.
  void skip(std::uint64_t count) noexcept;
  /// The signal starts elsewhere: level and season are learned anew, noise and dependence are kept.
  void rearm() noexcept;
  void reset() noexcept;

  bool ready() const noexcept { return filter_.ready(); }
  /// What the next sample is expected to be, in signal units.
  double prediction() const noexcept { return filter_.prediction() + season_.expected(); }
  /// Deviation of the one-step residual, in signal units; > 0.
  double sigma() const noexcept { return filter_.sigma(); }
  /// The smallest step the signal was seen to make, in signal units; 0: it has not moved yet.
  double quantum() const noexcept { return filter_.quantum(); }
  /// Samples of a cycle of the season; 0 while there is none.
  std::size_t period() const noexcept { return season_.period(); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.filter_, self.season_);
  }
  bool operator==(const FrontEnd&) const = default;

 private:
  TrendFilter fresh_;
  TrendFilter filter_;
  Season season_;
};

}  // namespace emdyn::detect
