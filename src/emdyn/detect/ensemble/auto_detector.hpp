#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/detector.hpp"
#include "emdyn/detect/ensemble/history_match.hpp"
#include "emdyn/detect/ensemble/surprise_scale.hpp"

namespace emdyn::detect {

/// The default ensemble: notices what has not been seen before, from a single value to the shape of
/// the last 256 samples, whatever the unit, the noise or the season.
///
///   members   distance of the newest 1, 4, 16, 64 and 256 samples to the most similar earlier
///             stretch (HistoryMatch); a season is known as soon as it was seen once
///   calibration  each distance becomes a surprise (−log10 of its chance) among its own past
///   combination  the sum of surprises (Fisher), itself placed among its own past, since the
///   members
///             depend on each other
///   episodes  only the most surprising sample of the last `quiet_samples` counts; the others
///   belong
///             to the same episode
///
/// The score is log10(p) / log10(alarm_rate): above 1, a stream like its past shows this at most
/// once in 1 / alarm_rate samples. The rate 1/500 is the in-control run length that the textbook
/// settings of EWMA and CUSUM charts aim at.
/// Cost: O(53 history) time, about 150 KB a signal.
/// Source: Yeh et al., "Matrix Profile I", ICDM 2016; Fisher, "Statistical Methods for Research
/// Workers" (1932).
class AutoDetector {
 public:
  static constexpr std::string_view kName = "auto";
  static constexpr std::string_view kSummary =
      "ensemble: a value or a pattern of up to 256 samples unlike all before";
  static constexpr std::string_view kPaper =
      "Yeh et al., Matrix Profile I, ICDM 2016; Fisher, Statistical Methods, 1932";
  static constexpr std::string_view kCost = "O(53 history)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kFrontEnd = false;

  struct Config {
    std::int64_t history = 4096;       ///< Earlier stretches of each length to compare with.
    std::int64_t quiet_samples = 100;  ///< An episode: the most surprising sample counts.
    double alarm_rate = 2e-3;          ///< Episodes per sample at which the score is 1.
  };

  static constexpr std::array kFields{
      Field<Config>{"history", &Config::history, 64, 65536, "earlier stretches to compare with"},
      Field<Config>{"quiet_samples", &Config::quiet_samples, 1, 100000,
                    "samples of one episode, of which the most surprising counts"},
      Field<Config>{"alarm_rate", &Config::alarm_rate, 1e-12, 0.1,
                    "episodes per sample at which the score is 1"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit AutoDetector(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return together_.ready(); }
  Evidence evidence() const noexcept;
  /// The members' surprises at the last sample, as shares of their sum.
  std::vector<series::Share> shares() const;
  /// Chance, per sample, of the record of an episode this surprising; 1 where it is no record.
  double p_value() const noexcept { return std::pow(10.0, -surprise_); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.match_, self.members_, self.together_, self.first_, self.last_, self.at_);
    archive(self.seen_, self.centre_, self.unit_, self.mean_, self.squares_, self.surprise_);
    archive(self.rising_, self.run_, self.longest_, self.surprises_);
    for (const double each : self.surprises_) {
      archive.require(each >= 0.0 && SurpriseScale::kMost >= each);
    }
    archive.require(self.last_.size() > self.at_);
    archive.require(self.unit_ > 0.0 && self.squares_ >= 0.0);
    archive.require(self.surprise_ >= 0.0 && 1e3 >= self.surprise_);
    archive.require(HistoryMatch::kLengths > self.longest_ && self.seen_ <= (1ULL << 62));
  }
  bool operator==(const AutoDetector&) const = default;

 private:
  static constexpr std::uint64_t kWarmup = 32;  // Samples the unit is taken from.

  void begin() noexcept;
  void take(double sample) noexcept;
  double members_surprise(float value) noexcept;
  void judge(double surprise) noexcept;

  double inverse_threshold_;
  HistoryMatch match_;
  std::array<SurpriseScale, HistoryMatch::kLengths> members_;
  SurpriseScale together_;
  std::array<double, kWarmup> first_{};
  std::vector<double> last_;  // Surprises of the last samples, a ring.
  std::uint64_t at_ = 0;
  std::uint64_t seen_ = 0;
  double centre_ = 0.0;
  double unit_ = 1.0;
  double mean_ = 0.0;  // Of the values in units.
  double squares_ = 0.0;
  double surprise_ = 0.0;
  bool rising_ = false;
  std::uint64_t run_ = 0;  // Samples since the surprise rose above the tenth.
  std::array<double, HistoryMatch::kLengths> surprises_{};  // Of the members, last sample.
  std::uint64_t longest_ = 0;                               // Member that was surprised most.
};

static_assert(Detector<AutoDetector>);

}  // namespace emdyn::detect
