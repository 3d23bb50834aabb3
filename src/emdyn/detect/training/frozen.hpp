#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// A frozen signal: one that varied stands still, or as good as still. A step counts as none where
/// it is below a hundredth of the usual one. How often a step is none is learned (Beta, from the
/// steps so far), and so is how long the signal stood at most: an alarm needs a stand that is both
/// improbable at that frequency and more than twice as long as any before. Signals that never varied,
/// smooth ones that level off and accuracies that arrive at 1 or 100 are not frozen.
///
/// Cost: O(1), 120 bytes.
/// Source: own; the predictive law is that of Bernoulli trials with Jeffreys' prior.
class Frozen {
 public:
  static constexpr std::string_view kName = "frozen";
  static constexpr std::string_view kSummary =
      "frozen signal: what varied stands still, or as good as still";
  static constexpr std::string_view kPaper = "own; predictive law of trials, Jeffreys 1946";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::variance;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kCalibrated = true;

  struct Config {
    std::int64_t warmup_steps = 30;  ///< That were none of none, before the first score.
    double still_share = 0.01;       ///< Of the usual step; smaller ones are none.
  };

  static constexpr std::array kFields{
      Field<Config>{"warmup_steps", &Config::warmup_steps, 8, 1e6,
                    "steps of the signal before the first score"},
      Field<Config>{"still_share", &Config::still_share, 0.0, 0.5,
                    "share of the usual step below which a step is none"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Frozen(const Config& config)
      : warmup_(static_cast<double>(checked(kName, kFields, config).warmup_steps)),
        still_share_(config.still_share) {}

  /// @param sample in signal units; finite.
  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  /// The stand that goes on has been told.
  void rearm() noexcept {
    told_ = true;
    log_p_ = 0.0;
  }
  void reset() noexcept;
  bool ready() const noexcept { return moves_ >= warmup_; }
  Evidence evidence() const noexcept {
    Evidence evidence;
    evidence.score = score();
    if (evidence.score == 0.0) return evidence;
    evidence.onset_samples_ago = evidence.onset_earliest_ago = evidence.onset_latest_ago =
        static_cast<std::uint64_t>(run_) - 1;
    return evidence;
  }
  double p_value() const noexcept { return std::exp(log_p_); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.last_, self.usual_, self.highest_, self.moves_, self.stills_, self.turns_,
            self.run_, self.longest_, self.log_p_, self.step_, self.begun_, self.told_);
    archive.require(self.usual_ >= 0.0 && self.moves_ >= 0.0 && self.stills_ >= 0.0 &&
                    self.turns_ >= 0.0 && self.run_ >= 0.0 && 1e15 >= self.run_ &&
                    self.longest_ >= 0.0 && 0.0 >= self.log_p_ && self.log_p_ >= -1e6);
    archive.require(self.log_p_ == 0.0 || self.run_ >= 1.0);
  }
  bool operator==(const Frozen&) const = default;

 private:
  double score() const noexcept { return std::min(-log_p_ * kPerDecade, 100.0); }
  void judge(double sample) noexcept;
  void end_run() noexcept;

  // A quarter of a decade: 1 in 10,000 is a score of 1.
  static constexpr double kPerDecade = 0.25 * 0.4342944819032518;

  double warmup_;
  double still_share_;
  double last_ = 0.0;
  double usual_ = 0.0;    // Size of a step, its median.
  double highest_ = 0.0;  // Value so far.
  double moves_ = 0.0;    // Steps, the past fading,
  double stills_ = 0.0;   // and steps that were none.
  double turns_ = 0.0;    // Steps against the direction of the one before.
  double run_ = 0.0;      // Steps that were none, up to now.
  double longest_ = 0.0;  // Such run before.
  double log_p_ = 0.0;
  double step_ = 0.0;  // The last that was one.
  bool begun_ = false;
  bool told_ = false;
};

static_assert(Detector<Frozen>);

}  // namespace emdyn::detect
