#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/training/drift_meter.hpp"

namespace emdyn::detect {

/// What detectors that read a DriftMeter share: one p, a score, an onset.
class DriftReading {
 public:
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept {
    meter_.rearm();
    score_ = 0.0;
  }
  void reset() noexcept {
    meter_.reset();
    score_ = 0.0;
  }
  bool ready() const noexcept { return meter_.ready(); }
  Evidence evidence() const noexcept {
    Evidence evidence;
    evidence.score = score_;
    if (score_ == 0.0) return evidence;
    evidence.direction = rises_ ? Direction::rise : Direction::fall;
    evidence.onset_samples_ago = meter_.onset_samples_ago();
    evidence.onset_earliest_ago = 2 * meter_.onset_samples_ago();
    return evidence;
  }
  double p_value() const noexcept { return meter_.ready() ? meter_.p_value() : 1.0; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.meter_, self.score_);
    archive.require(self.score_ >= 0.0 && 100.0 >= self.score_);
  }
  bool operator==(const DriftReading&) const = default;

 protected:
  explicit DriftReading(double sign) noexcept : meter_(sign), rises_(sign > 0.0) {}

  double push(double value, double least_sigmas) noexcept {
    meter_.push(value, least_sigmas);
    // One in 10,000 is where a textbook would look up.
    score_ = std::min(std::max(-0.25 * std::log10(std::max(meter_.p_value(), 1e-300)), 0.0), 100.0);
    if (!meter_.ready()) score_ = 0.0;
    return score_;
  }

 private:
  DriftMeter meter_;
  bool rises_;
  double score_ = 0.0;
};

/// Slow divergence: the trend drifts away from what it was about to do. A loss falls or stands;
/// where it climbs for as long as it takes to be sure of it (DriftMeter), the training diverges, and
/// no single sample needs to be unusual. For accuracies: direction=fall.
///
/// Cost: O(64); 4.5 KB. Source: as DriftMeter.
class Divergence : public DriftReading {
 public:
  static constexpr std::string_view kName = "divergence";
  static constexpr std::string_view kSummary =
      "slow divergence: a trend that turned and climbs, with no sample unusual by itself";
  static constexpr std::string_view kPaper = "own; two means at seven time scales, Student 1908";
  static constexpr std::string_view kCost = "O(64)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::trend;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kCalibrated = true;

  enum class Bad { rise, fall };
  static constexpr std::array<std::string_view, 2> kBad{"rise", "fall"};

  struct Config {
    Bad direction = Bad::rise;  ///< The bad one: a rise of a loss, a fall of an accuracy.
    double least_sigmas = 0.7;  ///< Of single samples, that the climb must be at least; >= 0.
  };

  static constexpr std::array kFields{
      enum_field<&Config::direction, Config>("direction", kBad,
                                             "the direction that is bad: rise or fall"),
      Field<Config>{"least_sigmas", &Config::least_sigmas, 0.0, 100.0,
                    "deviations of single samples that the drift must reach"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Divergence(const Config& config)
      : DriftReading(config.direction == Bad::rise ? 1.0 : -1.0),
        least_(checked(kName, kFields, config).least_sigmas) {}

  /// @param sample in signal units; finite.
  double update(double sample) noexcept { return push(sample, least_); }
  bool operator==(const Divergence&) const = default;

 private:
  double least_;
};

static_assert(Detector<Divergence>);

/// NaN about to come: the norm of the gradient or of the update grows, sample after sample. A norm is
/// positive and varies in proportion to itself, so its logarithm is looked at.
///
/// Cost: O(64); 4.5 KB. Source: as DriftMeter; norms that grow before losses spike: Molybog et al.,
/// "A Theory on Adam Instability in Large-Scale Machine Learning", arXiv:2304.09871 (2023).
class NormGrowth : public DriftReading {
 public:
  static constexpr std::string_view kName = "norm_growth";
  static constexpr std::string_view kSummary =
      "growth of a gradient or update norm by factors, before it overflows";
  static constexpr std::string_view kPaper = "own; growth before instability: Molybog et al. 2023";
  static constexpr std::string_view kCost = "O(64)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::trend;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kCalibrated = true;

  struct Config {
    double least_sigmas = 2.0;  ///< Of the logarithms, that the growth must be at least; >= 0.
  };

  static constexpr std::array kFields{
      Field<Config>{"least_sigmas", &Config::least_sigmas, 0.0, 100.0,
                    "deviations of single logarithms that the growth must reach"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit NormGrowth(const Config& config)
      : DriftReading(1.0), least_(checked(kName, kFields, config).least_sigmas) {}

  /// @param sample >= 0, in signal units; what is not positive counts as 1e-140.
  double update(double sample) noexcept {
    return push(std::log(std::max(bounded_sample(sample), kSmallestNorm)), least_);
  }
  bool operator==(const NormGrowth&) const = default;

 private:
  static constexpr double kSmallestNorm = 1e-140;
  double least_;
};

static_assert(Detector<NormGrowth>);

}  // namespace emdyn::detect
