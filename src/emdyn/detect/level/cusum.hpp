#pragma once
#include <algorithm>
#include <array>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/level/baseline.hpp"

namespace emdyn::detect {

/// Two-sided tabular CUSUM: notices a small, lasting shift of the mean. The baseline is learned
/// from the first samples, or given. Its p-value is the stationary tail of the larger sum under
/// independent normal samples (Siegmund's corrected diffusion).
///
/// Cost: O(1) time, about 130 bytes a signal.
/// Source: Page, "Continuous Inspection Schemes", Biometrika 41 (1954); Siegmund, "Sequential
/// Analysis" (1985).
class Cusum {
 public:
  static constexpr std::string_view kName = "cusum";
  static constexpr std::string_view kSummary = "two-sided CUSUM: a small, lasting shift";
  static constexpr std::string_view kPaper = "Page, Continuous Inspection Schemes, Biometrika 1954";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = true;
  static constexpr bool kResets = true;

  struct Config {
    std::int64_t baseline_samples = 100;  ///< Warm-up; 0: `mean` and `sigma` are given.
    double mean = 0.0;                    ///< Given in-control mean, in signal units.
    double sigma = 1.0;                   ///< Given in-control deviation, signal units; > 0.
    double slack_sigmas = 0.5;            ///< Half the shift worth noticing; >= 0.
    double threshold_sigmas = 5.0;        ///< Level at which the score is 1; > 0.
  };

  static constexpr std::array kFields{
      Field<Config>{"baseline_samples", &Config::baseline_samples, 0, 1e6,
                    "samples the baseline is learned from; 0: mean and sigma are given"},
      Field<Config>{"mean", &Config::mean, -1e140, 1e140, "given in-control mean"},
      Field<Config>{"sigma", &Config::sigma, 1e-140, 1e140, "given in-control deviation"},
      Field<Config>{"slack_sigmas", &Config::slack_sigmas, 0.0, 1e3,
                    "half the shift worth noticing, in deviations"},
      Field<Config>{"threshold_sigmas", &Config::threshold_sigmas, 1e-3, 1e6,
                    "sum at which the score is 1, in deviations"},
  };

  /// @throws ConfigError if a field is out of range or not finite.
  explicit Cusum(const Config& config);

  /// @param sample in signal units; finite.
  /// @return the larger sum over the threshold; 0 during warm-up.
  double update(double sample) noexcept {
    if (ready()) [[likely]]
      return advance(sample);
    baseline_.learn(bounded_sample(sample));
    return 0.0;
  }
  /// @pre ready()
  double advance(double sample) noexcept {
    const double z = baseline_.standardise(bounded_sample(sample));
    upper_ = advance(upper_, z);
    lower_ = advance(lower_, -z);
    return std::max(upper_.sum, lower_.sum) * inverse_threshold_;
  }

  void skip(std::uint64_t count) noexcept {
    if (upper_.sum > 0) upper_.age += count;
    if (lower_.sum > 0) lower_.age += count;
  }
  void rearm() noexcept { upper_ = lower_ = {}; }
  void reset() noexcept {
    rearm();
    baseline_.reset();
  }
  /// Only baselines that are still learned can be joined: evidence depends on the order of samples.
  bool can_merge(const Cusum& other) const noexcept { return !ready() && !other.ready(); }
  /// @pre can_merge(other)
  void merge(const Cusum& other) noexcept { baseline_.merge(other.baseline_); }
  bool ready() const noexcept { return baseline_.ready(); }
  Evidence evidence() const noexcept;
  double p_value() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.baseline_, self.upper_.sum, self.upper_.age, self.lower_.sum, self.lower_.age);
    require_counts(archive, self.upper_.age, self.lower_.age);
    archive.require(self.upper_.sum >= 0.0 && self.lower_.sum >= 0.0);
  }
  bool operator==(const Cusum&) const = default;

 private:
  struct Side {
    double sum = 0.0;
    std::uint64_t age = 0;  // Samples since the sum last left zero: the onset estimate.
    bool operator==(const Side&) const = default;
  };

  Side advance(Side side, double z) const noexcept {
    const double sum = side.sum + z - slack_;
    const bool positive = sum > 0.0;
    return {std::min(positive ? sum : 0.0, 1e12), age_while(positive, side.age)};
  }

  Baseline baseline_;
  double slack_;
  double inverse_threshold_;
  Side upper_;  // Evidence for a rise.
  Side lower_;  // Evidence for a fall.
};

static_assert(Detector<Cusum>);

}  // namespace emdyn::detect
