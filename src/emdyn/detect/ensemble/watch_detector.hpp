#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/detect/level/cusum.hpp"
#include "emdyn/detect/level/k_sigma.hpp"

namespace emdyn::detect {

/// The cheap ensemble: a front end, then two complementary detectors on its residuals (k-sigma for
/// single spikes, CUSUM for lasting shifts), each with an alarm policy that has half the budget. It
/// alarms by itself: its members have a policy each, which one policy over both could not be.
///
/// One change gives one alarm of each kind: a spike may be followed by the shift it began, but two
/// spikes within a refractory period, or a spike while a shift is being absorbed, are one. rearm()
/// is for a signal that starts elsewhere: the level is learned anew, what is normal is kept.
///
/// The score is log p / log alpha, p the chance of either member's score (Bonferroni).
/// Cost: about 0.5 microseconds a sample, averaged; 45 KB a signal (see FrontEnd for the season).
/// Source: Shewhart, "Economic Control of Quality of Manufactured Product" (1931); Page,
/// "Continuous Inspection Schemes", Biometrika 41 (1954).
class WatchDetector {
 public:
  static constexpr std::string_view kName = "watch";
  static constexpr std::string_view kSummary =
      "ensemble, cheap: spikes and lasting shifts beside trend and season, half the budget each";
  static constexpr std::string_view kPaper =
      "Shewhart 1931; Page, Continuous Inspection Schemes, Biometrika 1954";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;

  struct Config {
    double alpha = 1e-5;                   ///< False alarms per sample, both members together.
    std::int64_t refractory_samples = 25;  ///< Samples of silence after an alarm of a kind.
    double hysteresis = 0.5;               ///< As AlarmPolicy::Config.
    double disarm_p = 0.0;                 ///< As AlarmPolicy::Config; of half the budget.
    Calibrator::Kind calibrator = Calibrator::Kind::pot;
    std::int64_t longest_period = 336;  ///< As FrontEnd::Config.
  };

  static constexpr std::array kFields{
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "false alarms per sample"},
      Field<Config>{"refractory_samples", &Config::refractory_samples, 0, 1e9,
                    "samples of silence after an alarm"},
      Field<Config>{"hysteresis", &Config::hysteresis, 0.0, 1.0,
                    "share of the alarm's score below which the next alarm is allowed"},
      Field<Config>{"disarm_p", &Config::disarm_p, 0.0, 1.0,
                    "p-value at which the next alarm is allowed, instead of hysteresis; 0: none"},
      enum_field<&Config::calibrator, Config>(
          "calibrator", Calibrator::kKinds,
          "how scores become p-values: pot, empirical, conformal or gaussian"),
      Field<Config>{"longest_period", &Config::longest_period, 0, 4096,
                    "samples of the longest season taken off; 0: none"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit WatchDetector(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept;
  void skip(std::uint64_t count) noexcept;
  void rearm() noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return ready_; }
  Evidence evidence() const noexcept;
  /// Chance of the last sample when nothing happens, both members together; 1 during warm-up.
  double p_value() const noexcept { return p_value_; }
  /// What it alarmed at the last sample: at most one of its members does.
  std::vector<OwnAlarm> alarms() const;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.front_end_, self.spike_, self.shift_, self.spike_policy_, self.shift_policy_,
            self.shift_silence_, self.p_value_, self.score_, self.ready_);
    archive(self.last_.score, self.last_.p_value, self.last_.alarmed, self.last_.shifts,
            self.last_.rises, self.last_.falls, self.last_.onset, self.last_.earliest,
            self.last_.latest);
    archive.require(self.p_value_ >= 0.0 && 1.0 >= self.p_value_);
    archive.require(self.score_ >= 0.0 && kLargestScore >= self.score_);
    archive.require(self.last_.earliest >= self.last_.onset &&
                    self.last_.onset >= self.last_.latest);
    require_counts(archive, self.shift_silence_, self.last_.earliest);
  }
  bool operator==(const WatchDetector&) const = default;

 private:
  /// The member that speaks for the last sample: the one that alarmed, else the more surprised. In
  /// plain numbers, for snapshots.
  struct Speaker {
    double score = 0.0;
    double p_value = 1.0;
    bool alarmed = false;
    bool shifts = false;  // The CUSUM; else k-sigma.
    bool rises = false;
    bool falls = false;
    std::uint64_t onset = 0;
    std::uint64_t earliest = 0;
    std::uint64_t latest = 0;
    bool operator==(const Speaker&) const = default;
  };

  void speak(const Evidence& evidence, double p_value, bool shifts, bool alarmed) noexcept;

  double inverse_log_alpha_;
  FrontEnd front_end_;
  KSigma spike_;
  Cusum shift_;
  AlarmPolicy spike_policy_;
  AlarmPolicy shift_policy_;
  std::uint64_t refractory_;
  std::uint64_t shift_silence_ = 0;  // A shift is being absorbed: no spikes.
  double p_value_ = 1.0;
  double score_ = 0.0;
  bool ready_ = false;
  Speaker last_;
};

static_assert(Detector<WatchDetector>);

}  // namespace emdyn::detect
