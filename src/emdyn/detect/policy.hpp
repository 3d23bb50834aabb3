#pragma once
#include <array>
#include <optional>
#include <string>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/calibrator.hpp"
#include "emdyn/detect/detector.hpp"

namespace emdyn::detect {

/// Turns the scores of one detector into p-values, and p-values into alarms with a price.
///
///   p-value     of the detector's own null distribution where it knows one, never below what the
///               scores seen so far say of its tail (Calibrator); of the calibrator alone where it
///               does not
///   rule budget    alarm when p <= alpha: at most one false alarm in 1 / alpha samples, expected
///   rule textbook  alarm when the score exceeds 1, whatever its price; p is still reported
///   refractory  after an alarm, no other for `refractory_samples`
///   hysteresis  after an alarm the score must first fall below `hysteresis` times the score that
///               alarmed (or the detector be rearmed) before another alarm
///
/// Alarmed scores and the refractory ones after them do not teach the calibrator, unless alarms are
/// so frequent (1 in 100) that they must be the normal state.
class AlarmPolicy {
 public:
  enum class Rule { budget, textbook };
  static constexpr std::array<std::string_view, 2> kRules{"budget", "textbook"};

  struct Config {
    Rule rule = Rule::budget;
    double alpha = 1e-5;                   ///< False alarms per sample, in (0, 0.5].
    std::int64_t refractory_samples = 25;  ///< Samples of silence after an alarm.
    double hysteresis = 0.5;               ///< In [0, 1]; 1: the refractory period alone decides.
  };

  static constexpr std::array kFields{
      enum_field<&Config::rule, Config>("rule", kRules, "what makes an alarm: budget or textbook"),
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "false alarms per sample"},
      Field<Config>{"refractory_samples", &Config::refractory_samples, 0, 1e9,
                    "samples of silence after an alarm"},
      Field<Config>{"hysteresis", &Config::hysteresis, 0.0, 1.0,
                    "share of the alarm's score below which the next alarm is allowed"},
  };

  struct Decision {
    bool alarm = false;
    double p_value = 1.0;
  };

  /// @throws ConfigError if a field is out of range.
  explicit AlarmPolicy(const Config& config);
  AlarmPolicy() : AlarmPolicy(Config{}) {}

  /// One score. @param null_p the detector's own p-value, where it has one.
  Decision step(double score, std::optional<double> null_p) noexcept;
  /// The detector was rearmed: the hysteresis is over.
  void rearm() noexcept { alarm_score_ = 0.0; }
  void skip(std::uint64_t count) noexcept;
  void reset() noexcept;

  const Config& config() const noexcept { return config_; }
  /// For Event::policy: rule, alpha and refractory period in words.
  std::string text() const;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.calibrator_, self.null_calibrator_, self.silent_, self.alarm_score_,
            self.alarm_rate_);
    archive.require(self.alarm_score_ >= 0.0);
  }
  bool operator==(const AlarmPolicy& other) const {
    return calibrator_ == other.calibrator_ && null_calibrator_ == other.null_calibrator_ &&
           silent_ == other.silent_ && alarm_score_ == other.alarm_score_ &&
           alarm_rate_ == other.alarm_rate_;
  }

 private:
  Config config_;
  Calibrator calibrator_{Calibrator::Null::unknown};
  Calibrator null_calibrator_{Calibrator::Null::known};
  std::uint64_t silent_ = 0;  // Samples of the refractory period left.
  double alarm_score_ = 0.0;  // > 0: waiting for the score to fall.
  double alarm_rate_ = 0.0;   // Of scores that would alarm, averaged.
};

}  // namespace emdyn::detect
