#pragma once
#include <array>
#include <cmath>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// The EWMA chart and the two-sided CUSUM of one signal in 64 bytes: one baseline for both, and
/// its counter, sum of squares and deviation share their places over time. The score is the larger
/// of those of Ewma and Cusum, to the last bit. What ManySignals<EwmaCusum> holds for every signal.
///
/// Cost: O(1) time, 64 bytes a signal.
/// Source: as Ewma and Cusum.
class EwmaCusum {
 public:
  static constexpr std::string_view kName = "ewma_cusum";
  static constexpr Domain kDomain = Domain::real;

  struct Config {
    std::int64_t baseline_samples = 100;  ///< Samples each baseline is learned from; >= 2.
    double lambda = 0.2;                  ///< EWMA: weight of the newest sample, in (0, 1].
    double limit_sigmas = 2.962;          ///< EWMA: deviations at which its score is 1.
    double slack_sigmas = 0.5;            ///< CUSUM: half the shift worth noticing.
    double threshold_sigmas = 5.0;        ///< CUSUM: sum at which its score is 1.
    bool operator==(const Config&) const = default;
  };

  static constexpr std::array kFields{
      Field<Config>{"baseline_samples", &Config::baseline_samples, 2, 1e6,
                    "samples each baseline is learned from"},
      Field<Config>{"lambda", &Config::lambda, 1e-6, 1.0, "EWMA: weight of the newest sample"},
      Field<Config>{"limit_sigmas", &Config::limit_sigmas, 0.1, 100.0,
                    "EWMA: deviations of the average at which its score is 1"},
      Field<Config>{"slack_sigmas", &Config::slack_sigmas, 0.0, 1e3,
                    "CUSUM: half the shift worth noticing"},
      Field<Config>{"threshold_sigmas", &Config::threshold_sigmas, 1e-3, 1e6,
                    "CUSUM: sum at which its score is 1"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit EwmaCusum(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept {
    if (ready()) [[likely]]
      return advance<false>(sample);
    learn(bounded_sample(sample));
    return 0.0;
  }
  /// update() of a ready pair.
  /// @tparam kSteady the pair is steady(): nothing is left to divide.
  template <bool kSteady>
  double advance(double sample) noexcept {
    const double raw = (bounded_sample(sample) - mean_) * inverse_sigma_;
    const double z = std::min(std::max(raw, -1e6), 1e6);
    average_ += lambda_ * (z - average_);
    if constexpr (!kSteady) {
      const double decayed = decay_ * forget_;
      decay_ = decayed > kNoDecay ? decayed : kNoDecay;
    }
    upper_ = advance(upper_, z);
    lower_ = advance(lower_, -z);
    return std::max(by_average<kSteady>(), std::max(upper_.sum, lower_.sum) * inverse_threshold_);
  }

  void skip(std::uint64_t count) noexcept {
    if (upper_.sum > 0.0) upper_.age += count;
    if (lower_.sum > 0.0) lower_.age += count;
  }
  void rearm() noexcept {
    if (!ready()) return;
    decay_ = 1.0;
    average_ = 0.0;
    upper_ = lower_ = {};
  }
  void reset() noexcept {
    mean_ = inverse_sigma_ = average_ = decay_ = 0.0;
    upper_ = lower_ = {};
  }
  bool ready() const noexcept { return decay_ > 0.0; }
  /// The average is so old that its limits no longer widen.
  bool steady() const noexcept { return decay_ == kNoDecay; }
  /// The louder of the two, and the CUSUM's onset.
  Evidence evidence() const noexcept;
  /// Only baselines that are still learned can be joined: evidence depends on the order of samples.
  bool can_merge(const EwmaCusum& other) const noexcept { return !ready() && !other.ready(); }
  /// @pre can_merge(other)
  void merge(const EwmaCusum& other) noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.mean_, self.inverse_sigma_, self.average_, self.decay_, self.upper_.sum,
            self.lower_.sum, self.upper_.age, self.lower_.age);
    archive.require(self.sound());
  }
  bool operator==(const EwmaCusum&) const = default;

 private:
  static constexpr double kNoDecay = 1e-20;  // 1 minus it is 1: the limits are at their widest.

  struct Side {
    double sum = 0.0;
    std::uint64_t age = 0;  // Samples since the sum last left zero: the onset estimate.
    bool operator==(const Side&) const = default;
  };

  void learn(double sample) noexcept;
  void finish_baseline() noexcept;
  /// What the loops rely on; the rest only has to be a number.
  bool sound() const noexcept {
    const bool counts = decay_ <= 0.0 && decay_ > -wanted_ && decay_ == std::floor(decay_);
    const bool decays = decay_ >= kNoDecay && decay_ <= 1.0;
    const auto possible = [](const Side& side) {
      return side.sum >= 0.0 && side.sum <= 1e12 && side.age < (1ULL << 62);
    };
    return (counts || decays) && inverse_sigma_ >= 0.0 && (counts || inverse_sigma_ > 0.0) &&
           std::abs(mean_) <= kLargestSample && std::abs(average_) <= 1e6 && possible(upper_) &&
           possible(lower_);
  }
  Side advance(Side side, double z) const noexcept {
    const double sum = side.sum + z - slack_;
    const bool positive = sum > 0.0;
    return {std::min(positive ? sum : 0.0, 1e12), age_while(positive, side.age)};
  }
  template <bool kSteady>
  double by_average() const noexcept {
    const double widest = std::abs(average_) * inverse_limit_;
    if constexpr (kSteady) return widest;
    return decay_ > kNoDecay ? widest / std::sqrt(1.0 - decay_) : widest;
  }

  double wanted_;
  double lambda_;
  double forget_;         // (1 - lambda)^2
  double inverse_limit_;  // 1 / (L sqrt(lambda / (2 - lambda)))
  double slack_;
  double inverse_threshold_;
  double mean_ = 0.0;
  double inverse_sigma_ = 0.0;  // During warm-up: the sum of squared deviations.
  double average_ = 0.0;
  double decay_ = 0.0;  // (1 - lambda)^(2 age); during warm-up: minus the samples counted.
  Side upper_;
  Side lower_;
};

}  // namespace emdyn::detect
