#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/alarm/surprise_scale.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/ensemble/history_match.hpp"
#include "emdyn/detect/ensemble/level_change.hpp"
#include "emdyn/detect/ensemble/residual_watch.hpp"

namespace emdyn::detect {

/// The default ensemble: notices what has not been seen before, from a single value to the shape of
/// the last 256 samples, whatever the unit, the noise or the season; spikes and shifts beside trend
/// and season, as often as they come; and, while the history is short, a change of level.
///
///   pattern  distance of the newest 1, 4, 16, 64 and 256 samples to the most similar earlier
///            stretch (HistoryMatch); a season is known as soon as it was seen once. Each distance
///            becomes a surprise (-log10 of its chance) among its own past, with a Pareto tail; the
///            sum of surprises (Fisher) is placed among its past, since they depend on each other
///   spike    the residual of a FrontEnd (trend, season and noise taken off), its chance learned
///            from the residuals of this very signal (ResidualWatch): skewed, heavy-tailed and few
///            distinct values have theirs. Also of the logarithms, while all values are positive
///   shift    CUSUM of the same residuals' normal scores, where these look normal
///   level    a step beside a straight line among the first 512 samples (LevelChange)
///
/// The score ranks what is new: log10(p) / log10(alarm_rate), p that of the pattern, or of a step
/// in a short history where it first counts. Above 1, a stream like its past shows this at most
/// once in 1 / alarm_rate samples; 1/500 is the in-control run length that the textbook settings of
/// EWMA and CUSUM charts aim at. p_value() is the price of an alarm: the smallest of p / share over
/// all members, whose shares of the budget sum to 1 (Bonferroni, under any dependence), and go to
/// the level while the history is short, to the others later. What is told of fewer than 512 samples
/// is marked as of a baseline that is still learned. A pattern's p counts there as no
/// less than the chance of a record: extrapolated ranks have a place, but no price. Episodes: of
/// both, only the most surprising sample of the last `quiet_samples` counts, of spikes of the last
/// quarter of them; the others belong to the same episode.
///
/// Cost: O(53 history) time, about 250 KB a signal.
/// Source: Yeh et al., "Matrix Profile I", ICDM 2016; Fisher, "Statistical Methods for Research
/// Workers" (1932); Dunn, "Multiple Comparisons among Means", JASA 56 (1961), unequal shares.
class AutoDetector {
 public:
  static constexpr std::string_view kName = "auto";
  static constexpr std::string_view kSummary =
      "ensemble: a value or pattern unlike all before, a spike or shift beside trend and season";
  static constexpr std::string_view kPaper =
      "Yeh et al., Matrix Profile I, ICDM 2016; Fisher, Statistical Methods, 1932";
  static constexpr std::string_view kCost = "O(53 history)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kCalibrated = true;

  struct Config {
    std::int64_t history = 4096;        ///< Earlier stretches of each length to compare with.
    std::int64_t quiet_samples = 100;   ///< An episode: the most surprising sample counts.
    double alarm_rate = 2e-3;           ///< Episodes per sample at which the score is 1.
    std::int64_t longest_period = 336;  ///< Of a season beside which spikes are seen; 0: none.
  };

  static constexpr std::array kFields{
      Field<Config>{"history", &Config::history, 64, 65536, "earlier stretches to compare with"},
      Field<Config>{"quiet_samples", &Config::quiet_samples, 1, 100000,
                    "samples of one episode, of which the most surprising counts"},
      Field<Config>{"alarm_rate", &Config::alarm_rate, 1e-12, 0.1,
                    "episodes per sample at which the score is 1"},
      Field<Config>{"longest_period", &Config::longest_period, 0, 4096,
                    "samples of the longest season taken off before spikes and shifts are sought; "
                    "0: none"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit AutoDetector(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept;
  void skip(std::uint64_t count) noexcept;
  void rearm() noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return seen_ >= kWarmup; }
  Evidence evidence() const noexcept;
  /// What the last sample surprised, as shares of the sum of surprises.
  std::vector<series::Share> shares() const;
  /// Chance, per sample, that an episode this clear begins where nothing happens; 1 where none
  /// does.
  double p_value() const noexcept { return std::pow(10.0, -sure_); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.match_, self.lengths_, self.together_, self.first_, self.last_, self.sure_last_,
            self.at_);
    archive(self.seen_, self.centre_, self.unit_, self.mean_, self.squares_, self.surprise_,
            self.sure_);
    archive(self.rising_, self.run_, self.longest_, self.surprises_, self.told_, self.stepped_);
    archive(self.beside_, self.beside_logarithm_, self.least_, self.of_logarithm_, self.level_,
            self.cause_);
    for (const double each : self.surprises_) {
      archive.require(each >= 0.0 && SurpriseScale::kMost >= each);
    }
    for (const double each : self.told_) {
      archive.require(each >= 0.0 && kMostSurprise >= each);
    }
    archive.require(self.last_.size() > self.at_);
    archive.require(self.unit_ > 0.0 && self.squares_ >= 0.0);
    archive.require(self.surprise_ >= 0.0 && kMostSurprise >= self.surprise_);
    archive.require(self.sure_ >= 0.0 && kMostSurprise >= self.sure_);
    archive.require(HistoryMatch::kLengths > self.longest_ && self.seen_ <= (1ULL << 62));
    archive.require(kMembers > self.cause_ && self.least_ >= 0.0 && kLargestSample >= self.least_);
  }
  bool operator==(const AutoDetector&) const = default;

 private:
  // Samples the unit is taken from: no member says anything of fewer.
  static constexpr std::uint64_t kWarmup = LevelChange::kFewestBefore + LevelChange::kFewestAfter;
  static constexpr double kMostSurprise = 400.0;
  /// The members that share the budget.
  enum Member : std::size_t { pattern, spike, shift, level, kMembers };

  void begin() noexcept;
  void take(double sample) noexcept;
  void look_back(float value) noexcept;
  void look_beside_trend(double sample) noexcept;
  void look_beside_trend_of_logarithm(double sample, double expected) noexcept;
  bool tops(const std::vector<double>& ring, double surprise, std::size_t reach) const noexcept;
  void judge() noexcept;

  double inverse_threshold_;
  HistoryMatch match_;
  std::array<SurpriseScale, HistoryMatch::kLengths> lengths_;
  SurpriseScale together_;
  ResidualWatch beside_;            // Trend and season,
  ResidualWatch beside_logarithm_;  // and those of the logarithm.
  double least_ = kLargestSample;   // Value so far; 0: it was not positive, and has no logarithm.
  std::array<bool, 2> of_logarithm_{};  // Whose spike, and whose shift, is the surer.
  LevelChange level_;
  std::array<double, kWarmup> first_{};
  std::vector<double> last_;       // Surprises of the last samples, a ring.
  std::vector<double> sure_last_;  // The same, of what p-values are made of.
  std::uint64_t at_ = 0;
  std::uint64_t seen_ = 0;
  double centre_ = 0.0;
  double unit_ = 1.0;
  double mean_ = 0.0;  // Of the values in units.
  double squares_ = 0.0;
  double surprise_ = 0.0;
  double sure_ = 0.0;  // -log10 p.
  bool rising_ = false;
  bool stepped_ = false;   // The step at hand has counted.
  std::uint64_t run_ = 0;  // Samples since the surprise rose above the tenth.
  std::array<double, HistoryMatch::kLengths> surprises_{};  // Of the lengths, last sample.
  std::uint64_t longest_ = 0;                               // Length that was surprised most.
  std::array<double, kMembers> told_{};                     // -log10 of each member's p.
  std::uint64_t cause_ = 0;  // The member whose p is the smallest for its share.
};

static_assert(Detector<AutoDetector>);

}  // namespace emdyn::detect
