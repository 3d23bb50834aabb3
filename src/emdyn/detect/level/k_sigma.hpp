#pragma once
#include <array>
#include <cmath>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// k-sigma rule: notices a sample further than k deviations from the mean of all samples before
/// it. By chance that happens with P = 2(1 - Phi(k)) when mean and deviation are known; here they
/// are estimated, so the threshold is widened to the Student-t quantile with the same P.
///
/// Cost: O(1) time, about 100 bytes a signal.
/// Source: Shewhart, "Economic Control of Quality of Manufactured Product" (1931); the correction:
/// a new sample's t statistic has n - 1 degrees of freedom; quantile by Abramowitz & Stegun 26.7.5.
class KSigma {
 public:
  static constexpr std::string_view kName = "k_sigma";
  static constexpr std::string_view kSummary = "k-sigma rule: one sample far from the mean so far";
  static constexpr std::string_view kPaper =
      "Shewhart, Economic Control of Quality of Manufactured Product, 1931";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kFrontEnd = true;
  static constexpr bool kJudgesSamples = true;

  struct Config {
    double k = 3.0;                    ///< Deviations at which the score is 1; > 0.
    std::int64_t warmup_samples = 30;  ///< Before the first score; 0: mean and sigma are given.
    double mean = 0.0;                 ///< Given mean, in signal units.
    double sigma = 1.0;                ///< Given deviation, in signal units; > 0.
    bool plug_in_correction = true;    ///< Student-t instead of normal threshold.
  };

  static constexpr std::array kFields{
      Field<Config>{"k", &Config::k, 0.1, 40.0, "deviations at which the score is 1"},
      Field<Config>{"warmup_samples", &Config::warmup_samples, 0, 1e6,
                    "samples before the first score; 0: mean and sigma are given"},
      Field<Config>{"mean", &Config::mean, -1e140, 1e140, "given mean"},
      Field<Config>{"sigma", &Config::sigma, 1e-140, 1e140, "given deviation"},
      Field<Config>{"plug_in_correction", &Config::plug_in_correction, 0, 0,
                    "widen the threshold because mean and deviation are estimated"},
  };

  /// @throws ConfigError if a field is out of range, or warmup_samples is 1 or 2.
  explicit KSigma(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept {
    if (given_) return advance<true>(sample);
    if (count_ >= warmup_) [[likely]]
      return advance<false>(sample);
    learn(bounded_sample(sample));
    return 0.0;
  }
  /// update() of a ready detector.
  /// @tparam kSteady its baseline is given: nothing is learned.
  template <bool kSteady>
  double advance(double sample) noexcept {
    sample = bounded_sample(sample);
    if constexpr (kSteady) {
      t_ = held((sample - mean_) * inverse_sigma_);
      score_ = std::abs(t_) * inverse_k_;
    } else {
      const double inverse = inverse_freedom_;
      const double variance = squares_ * inverse * (1.0 + 1.0 / count_);
      const double floor = smallest_sigma(mean_);
      t_ = held((sample - mean_) / std::sqrt(std::max(variance, floor * floor)));
      score_ = std::abs(t_) / (k_ + inverse * (first_ + inverse * (second_ + inverse * third_)));
      learn(sample);
    }
    return score_;
  }
  /// Its baseline is given.
  bool steady() const noexcept { return given_; }

  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept { t_ = score_ = 0.0; }
  /// Learned means and deviations can always be joined; the last score cannot and is forgotten.
  bool can_merge(const KSigma&) const noexcept { return !given_; }
  /// @pre can_merge(other)
  void merge(const KSigma& other) noexcept;
  void reset() noexcept {
    rearm();
    count_ = squares_ = 0.0;
    inverse_freedom_ = -1.0;
    if (!given_) mean_ = 0.0;
  }
  bool ready() const noexcept { return given_ || count_ >= warmup_; }
  Evidence evidence() const noexcept;
  /// Two-sided: 2(1 - Phi(|t|)) when the baseline is given, else Student's t.
  double p_value() const noexcept;
  /// (sample - mean) / deviation of the last sample, its estimation error included.
  double t() const noexcept { return t_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.count_, self.mean_, self.squares_, self.t_, self.score_);
    archive.require(self.count_ >= 0.0 && self.squares_ >= 0.0);
    if constexpr (requires { archive.ok(); }) self.inverse_freedom_ = 1.0 / (self.count_ - 1.0);
  }
  bool operator==(const KSigma&) const = default;

 private:
  void learn(double sample) noexcept {
    inverse_freedom_ = 1.0 / count_;
    count_ += 1.0;
    const double delta = sample - mean_;
    mean_ += delta / count_;
    squares_ += delta * (sample - mean_);
  }
  static double held(double z) noexcept { return std::min(std::max(z, -1e6), 1e6); }

  bool given_;
  double warmup_;
  double k_;
  double inverse_k_;
  double first_ = 0.0;  // Coefficients of the t quantile in 1 / freedom.
  double second_ = 0.0;
  double third_ = 0.0;
  double inverse_sigma_;
  double mean_ = 0.0;
  double count_ = 0.0;
  double inverse_freedom_ = -1.0;  // 1 / (count - 1): the last sample's 1 / count.
  double squares_ = 0.0;
  double t_ = 0.0;
  double score_ = 0.0;
};

static_assert(Detector<KSigma>);

}  // namespace emdyn::detect
