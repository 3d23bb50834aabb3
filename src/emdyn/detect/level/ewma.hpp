#pragma once
#include <array>
#include <cmath>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/level/baseline.hpp"

namespace emdyn::detect {

/// EWMA control chart: notices small to middling shifts of the mean. The limits start narrow and
/// widen with the age of the average (transition form), so that early shifts are not missed. Its
/// p-value is the two-sided normal tail of the standardised average.
///
/// Cost: O(1) time, about 130 bytes a signal.
/// Source: Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics 1
/// (1959); Lucas & Saccucci, "Exponentially Weighted Moving Average Control Schemes", Technometrics
/// 32 (1990): lambda 0.2 and L 2.962 give a run length of 500; onset: Nishina, "A Comparison of
/// Control Charts from the Viewpoint of Change-Point Estimation" (1992).
class Ewma {
 public:
  static constexpr std::string_view kName = "ewma";
  static constexpr std::string_view kSummary = "EWMA chart: a small to middling shift";
  static constexpr std::string_view kPaper =
      "Roberts, Technometrics 1959; Lucas & Saccucci, Technometrics 1990";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = true;
  static constexpr bool kResets = true;

  struct Config {
    std::int64_t baseline_samples = 100;  ///< Warm-up; 0: `mean` and `sigma` are given.
    double mean = 0.0;                    ///< Given in-control mean, in signal units.
    double sigma = 1.0;                   ///< Given in-control deviation, signal units; > 0.
    double lambda = 0.2;                  ///< Weight of the newest sample, in (0, 1].
    double limit_sigmas = 2.962;          ///< Deviations of the average at which the score is 1.
  };

  static constexpr std::array kFields{
      Field<Config>{"baseline_samples", &Config::baseline_samples, 0, 1e6,
                    "samples the baseline is learned from; 0: mean and sigma are given"},
      Field<Config>{"mean", &Config::mean, -1e140, 1e140, "given in-control mean"},
      Field<Config>{"sigma", &Config::sigma, 1e-140, 1e140, "given in-control deviation"},
      Field<Config>{"lambda", &Config::lambda, 1e-6, 1.0, "weight of the newest sample"},
      Field<Config>{"limit_sigmas", &Config::limit_sigmas, 0.1, 100.0,
                    "deviations of the average at which the score is 1"},
  };

  /// @throws ConfigError if a field is out of range or not finite.
  explicit Ewma(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept {
    if (ready()) [[likely]]
      return advance(sample);
    baseline_.learn(bounded_sample(sample));
    return 0.0;
  }
  /// @pre ready()
  double advance(double sample) noexcept {
    const double z = baseline_.standardise(bounded_sample(sample));
    const bool was_above = average_ > 0.0;
    average_ += lambda_ * (z - average_);
    const double decayed = decay_ * forget_;
    decay_ = decayed > kNoDecay ? decayed : kNoDecay;
    const bool stays = was_above == (average_ > 0.0);
    side_age_ = age_while(stays, side_age_) + static_cast<std::uint64_t>(!stays);
    return score();
  }

  void skip(std::uint64_t count) noexcept {
    if (side_age_ > 0) side_age_ += count;
  }
  void rearm() noexcept {
    average_ = 0.0;
    decay_ = 1.0;
    side_age_ = 0;
  }
  void reset() noexcept {
    rearm();
    baseline_.reset();
  }
  /// Only baselines that are still learned can be joined: evidence depends on the order of samples.
  bool can_merge(const Ewma& other) const noexcept { return !ready() && !other.ready(); }
  /// @pre can_merge(other)
  void merge(const Ewma& other) noexcept { baseline_.merge(other.baseline_); }
  bool ready() const noexcept { return baseline_.ready(); }
  Evidence evidence() const noexcept;
  double p_value() const noexcept;
  /// The average, in deviations from the baseline's mean.
  double average() const noexcept { return average_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.baseline_, self.average_, self.decay_, self.side_age_);
    require_counts(archive, self.side_age_);
    archive.require(self.decay_ >= 0.0 && self.decay_ <= 1.0);
  }
  bool operator==(const Ewma&) const = default;

 private:
  static constexpr double kNoDecay = 1e-20;  // 1 minus it is 1: the limits are at their widest.

  double score() const noexcept {
    const double widest = std::abs(average_) * inverse_limit_;
    if (decay_ <= kNoDecay) return widest;
    return decay_ == 1.0 ? 0.0 : widest / std::sqrt(1.0 - decay_);
  }

  Baseline baseline_;
  double lambda_;
  double forget_;         // (1 - lambda)^2
  double inverse_limit_;  // 1 / (L sqrt(lambda / (2 - lambda)))
  double limit_;
  double average_ = 0.0;
  double decay_ = 1.0;          // (1 - lambda)^(2 age)
  std::uint64_t side_age_ = 0;  // Samples since the average last crossed the mean.
};

static_assert(Detector<Ewma>);

}  // namespace emdyn::detect
