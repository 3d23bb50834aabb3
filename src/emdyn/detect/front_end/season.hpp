#pragma once
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "emdyn/detect/front_end/trend_filter.hpp"

namespace emdyn::detect {

/// Finds the season of a signal, if it has one, and knows what it adds to the next sample.
///
/// Where it looks: in the residuals that a TrendFilter leaves (clipped at three deviations), so
/// neither trend nor dependence nor a few wild values look like a season, and a season so smooth
/// that the lines follow it needs no removal. Candidate: the lag from 4 to `longest_period` whose
/// autocorrelation stands out most, by more than 5 standard errors, both of white noise and of its
/// own products (self-normalised, for sparse values); a divisor of the lag with nearly the same
/// autocorrelation is preferred. That is a chance below 1e-4 an examination on white residuals.
///
/// When it is believed: it must also predict. The index by phase is taken from the oldest cycles
/// kept (at least 3, at most 15; per phase the median over the cycles, less the cycle's median and
/// slope), and over the later samples, at least one cycle, two filters predict in step, one with
/// the season and one without. The season must lower the clipped squared error by 10 % and by 3
/// standard errors. A season is kept as long as it lowers it at all, and replaced by one that is 5
/// % better (a week that holds the day). The trend filter is then the one that ran with the winner.
///
/// Afterwards: each phase learns from its clipped prediction errors, so an anomaly moves it by no
/// more than a tenth of three deviations; the weight falls from 1 / cycles to 0.1.
///
/// Examined when a third more samples have come, from 136 on; once 4 longest_period samples are
/// kept, after every 4 longest_period, or every 2 while there is a season. Cost a sample, averaged:
/// longest_period multiplications of small integers (twice that with a season) and, while there is
/// a season or a candidate, at most four filter updates; one examination at the default of 336
/// takes a fraction of a millisecond. Memory: 56 * longest_period bytes,
/// allocated when made.
/// Source: Box, Jenkins, "Time Series Analysis" (1970), the autocorrelation; Taylor, "Estimating
/// the Variances of Autocorrelations Calculated from Financial Time Series", Applied Statistics 33
/// (1984), the self-normalised error; Gelper, Fried, Croux, Journal of Forecasting 29 (2010), the
/// robust index.
class Season {
 public:
  static constexpr std::size_t kShortest = 4;

  /// @param longest_period in samples; 0: no season is sought.
  explicit Season(std::size_t longest_period);

  /// Samples of a cycle; 0 while there is no season.
  std::size_t period() const noexcept { return period_; }
  /// What the season adds to the next sample.
  double expected() const noexcept { return period_ > 0 ? index_[phase_] : 0.0; }
  /// Takes in the sample that `filter` has just seen; where an examination is due, the filter may
  /// be replaced by one that fits the new season. @param fresh a filter that has seen nothing.
  void learn(double sample, const TrendFilter::Step& step, const TrendFilter& fresh,
             TrendFilter& filter) noexcept;
  /// `count` samples are missing; a short gap is bridged. @param level expected without season.
  void skip(std::uint64_t count, double level) noexcept;
  /// The signal starts elsewhere: where in the cycle is not known, so the season is forgotten.
  /// @return the variance it explained.
  double forget() noexcept;
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.samples_, self.marks_, self.index_, self.kept_, self.at_, self.marked_,
            self.mark_at_, self.period_, self.phase_, self.cycles_, self.until_, self.dropped_,
            self.waits_);
    archive.require(self.sound());
  }
  bool operator==(const Season& other) const noexcept;

 private:
  struct Trial {
    double ratio;  // Clipped squared error with the season over that without.
    double t;      // Of the difference, in standard errors.
  };
  struct Filters {
    TrendFilter with;
    TrendFilter without;
  };

  bool sound() const noexcept;
  std::size_t room() const noexcept { return samples_.size(); }
  double kept(std::size_t index) const noexcept;
  void remember(double sample, double z) noexcept;
  void step_phase() noexcept;
  void examine(const TrendFilter& fresh, TrendFilter& filter) noexcept;
  std::size_t first_cycles(std::size_t period, std::size_t warmup) const noexcept;
  std::size_t candidate(std::size_t warmup) const noexcept;
  double correlation(std::size_t lag, double variance) const noexcept;
  double standing(std::size_t lag, double variance) const noexcept;
  void estimate_index(std::size_t period, std::size_t cycles) noexcept;
  std::optional<Trial> attempt(std::size_t period, Filters& filters) noexcept;
  void adopt(std::size_t period) noexcept;

  std::size_t longest_;
  std::vector<double> samples_;     // A ring of the last ones.
  std::vector<std::int8_t> marks_;  // Their residuals, clipped and rounded; a ring written twice.
  std::vector<double> index_;       // What the season adds, by phase.
  std::vector<double> tried_;       // Scratch: the index of a candidate.
  std::uint64_t kept_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t marked_ = 0;
  std::uint64_t mark_at_ = 0;
  std::uint64_t period_ = 0;
  std::uint64_t phase_ = 0;    // Of the next sample.
  double cycles_ = 0.0;        // The index has learned from.
  std::uint64_t until_;        // Samples until the next examination.
  std::uint32_t dropped_ = 0;  // Seasons, so far.
  std::uint32_t waits_ = 0;    // Examinations in which none is believed.
};

}  // namespace emdyn::detect
