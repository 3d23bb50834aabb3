#pragma once
#include <array>
#include <optional>
#include <string>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/alarm/calibrator.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// Turns the scores of one detector into p-values, and p-values into alarms with a price.
///
///   p-value        from the calibrator: of the detector's own null distribution where it knows
///                  one, as far as the scores seen bear it out; of the scores seen where it does
///                  not
///   rule budget    alarm when p <= alpha: at most one false alarm in 1 / alpha samples, expected.
///                  `arl0_samples` states the same budget as a run length: alpha = 1 / arl0
///   rule textbook  alarm when the score exceeds `arm_score`, whatever its price; p is still
///                  reported
///   refractory     after an alarm, no other for `refractory_samples`
///   hysteresis     after an alarm the score must first fall to `hysteresis` times the score that
///                  alarmed (or the detector be rearmed) before another alarm. A level of its own
///                  to be armed again at, `disarm_p` or `disarm_score`, takes the place of that
///                  share
///
/// Scores that alarm, or are too strange for chance, teach the calibrator as far as the budget can
/// expect them: two at first and two in 1 / alpha samples. To teach none would cut the tail off and
/// multiply the false alarms; to teach all would make anomalies normal. Those beyond that, and the
/// refractory scores after them, teach nothing, unless alarms are so frequent (1 in 100) that they
/// must be the normal state.
class AlarmPolicy {
 public:
  enum class Rule { budget, textbook };
  static constexpr std::array<std::string_view, 2> kRules{"budget", "textbook"};

  struct Config {
    Rule rule = Rule::budget;
    double alpha = 1e-5;                   ///< False alarms per sample, in (0, 0.5].
    double arl0_samples = 0.0;             ///< Samples between false alarms; 0: `alpha` counts.
    std::int64_t refractory_samples = 25;  ///< Samples of silence after an alarm.
    double hysteresis = 0.5;               ///< In [0, 1]; 1: the refractory period alone decides.
    double arm_score = 1.0;                ///< Rule textbook: a score above it alarms.
    double disarm_score = 0.0;  ///< Armed again at this score or less; 0: `hysteresis` counts.
    double disarm_p = 0.0;      ///< Armed again at this p or more; 0: `hysteresis` counts.
    Calibrator::Kind calibrator = Calibrator::Kind::pot;
    Calibrator::Ties ties = Calibrator::Ties::random;
    std::int64_t window_samples = 2000;  ///< Of the conformal calibrator.
    /// The detector's p-value is the price of an alarm, not of its score (Entry::calibrated).
    bool trusts_null = false;
  };

  static constexpr std::array kFields{
      enum_field<&Config::rule, Config>("rule", kRules, "what makes an alarm: budget or textbook"),
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "false alarms per sample"},
      Field<Config>{"arl0_samples", &Config::arl0_samples, 0.0, 1e12,
                    "samples between false alarms, instead of alpha; 0: alpha counts"},
      Field<Config>{"refractory_samples", &Config::refractory_samples, 0, 1e9,
                    "samples of silence after an alarm"},
      Field<Config>{"hysteresis", &Config::hysteresis, 0.0, 1.0,
                    "share of the alarm's score below which the next alarm is allowed"},
      Field<Config>{"arm_score", &Config::arm_score, 1e-6, 1e6,
                    "rule textbook: score above which an alarm is raised"},
      Field<Config>{"disarm_score", &Config::disarm_score, 0.0, 1e6,
                    "score at which the next alarm is allowed, instead of hysteresis; 0: none"},
      Field<Config>{"disarm_p", &Config::disarm_p, 0.0, 1.0,
                    "p-value at which the next alarm is allowed, instead of hysteresis; 0: none"},
      enum_field<&Config::calibrator, Config>(
          "calibrator", Calibrator::kKinds,
          "how scores become p-values: pot, empirical, conformal or gaussian"),
      enum_field<&Config::ties, Config>("ties", Calibrator::kTies,
                                        "rank of equal scores: random (exact) or conservative"),
      Field<Config>{"window_samples", &Config::window_samples, 20, 1e6,
                    "scores the conformal calibrator ranks among"},
  };

  struct Decision {
    bool alarm = false;
    double p_value = 1.0;
  };

  /// @throws ConfigError if a field is out of range, or a level to be armed again at does not lie
  /// on the calm side of that which alarms.
  explicit AlarmPolicy(const Config& config);
  AlarmPolicy() : AlarmPolicy(Config{}) {}

  /// One score. @param null_p the detector's own p-value, where it has one.
  Decision step(double score, std::optional<double> null_p) noexcept;
  /// The detector was rearmed: the hysteresis is over.
  void rearm() noexcept { alarm_score_ = 0.0; }
  void skip(std::uint64_t count) noexcept;
  /// Has seen enough scores for a p-value of its own.
  bool ready(std::optional<double> null_p) const noexcept {
    return uses_null(null_p) || calibrator_.ready();
  }
  void reset() noexcept;

  const Config& config() const noexcept { return config_; }
  /// For Event::policy: rule, alpha and refractory period in words.
  std::string text() const;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.calibrator_, self.silent_, self.alarm_score_, self.alarm_rate_, self.expected_,
            self.anomaly_);
    archive.require(self.alarm_score_ >= 0.0 && self.expected_ >= 0.0);
  }
  bool operator==(const AlarmPolicy& other) const {
    return calibrator_ == other.calibrator_ && silent_ == other.silent_ &&
           alarm_score_ == other.alarm_score_ && alarm_rate_ == other.alarm_rate_ &&
           expected_ == other.expected_ && anomaly_ == other.anomaly_;
  }

 private:
  bool uses_null(std::optional<double> null_p) const noexcept {
    return null_p && config_.calibrator == Calibrator::Kind::pot;
  }
  bool teaches(bool exceeds, double p) noexcept;
  bool calm(double score, double p) const noexcept;

  Config config_;
  Calibrator calibrator_;
  std::uint64_t silent_ = 0;  // Samples of the refractory period left.
  double alarm_score_ = 0.0;  // > 0: waiting for the score to fall.
  double alarm_rate_ = 0.0;   // Of scores that would alarm, averaged.
  double expected_ = 0.0;     // False alarms the budget expects and that were not seen yet.
  bool anomaly_ = false;      // The last alarm was beyond them.
};

}  // namespace emdyn::detect
