#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {

/// Where a detector is shown a value: as it is, in deviations from a mean, or, for detectors of [0, 1], at the normal
/// probability of these. Mean and deviation are learned once and held.
class Placement {
 public:
  enum class Kind : std::uint8_t { raw, deviations, probability };

  /// @param samples finite; fewer than two, or equal ones, leave a deviation as small as is believed of their level.
  static Placement learned(Kind kind, std::span<const double> samples) noexcept {
    Placement placement;
    placement.kind_ = kind;
    double count = 0.0;
    double squares = 0.0;
    for (const double each : samples) {
      const double sample = bounded_sample(each);
      count += 1.0;
      const double away = sample - placement.mean_;
      placement.mean_ += away / count;
      squares += away * (sample - placement.mean_);
    }
    const double deviation = count > 1.0 ? std::sqrt(squares / (count - 1.0)) : 0.0;
    placement.inverse_ = 1.0 / std::max(deviation, smallest_sigma(placement.mean_));
    return placement;
  }
  /// Of a detector of [0, 1]: raw where all samples lie there.
  static Placement of_unit_interval(std::span<const double> samples) noexcept {
    const bool inside = std::ranges::all_of(samples, [](double x) { return x >= 0.0 && x <= 1.0; });
    return inside ? Placement{} : learned(Kind::probability, samples);
  }

  double operator()(double value) const noexcept {
    if (kind_ == Kind::raw) return value;
    const double z = std::clamp((bounded_sample(value) - mean_) * inverse_, -kMost, kMost);
    return kind_ == Kind::deviations ? z : math::normal_cdf(z);
  }
  Kind kind() const noexcept { return kind_; }

 private:
  static constexpr double kMost = 1e6;  // Deviations.

  Kind kind_ = Kind::raw;
  double mean_ = 0.0;
  double inverse_ = 1.0;
};

/// Raw values for a detector of [0, 1], placed by their first 32 (Placement::of_unit_interval): a stream of errors or
/// probabilities is taken as it is; of others the range is learned.
class UnitInterval {
 public:
  static constexpr std::size_t kLearned = 32;

  /// @return what the detector is to be shown now: nothing for the first 31 values, then all 32, then one at a time.
  /// Valid until the next call.
  std::span<const double> place(double value) noexcept {
    if (count_ < kLearned) {
      values_[count_++] = value;
      if (count_ < kLearned) return {};
      placement_ = Placement::of_unit_interval(values_);
      for (double& each : values_) each = placement_(each);
      return values_;
    }
    values_[0] = placement_(value);
    return std::span<const double>(values_).first(1);
  }
  void reset() noexcept { count_ = 0; }
  bool learned() const noexcept { return count_ >= kLearned; }

 private:
  Placement placement_{};
  std::array<double, kLearned> values_{};
  std::size_t count_ = 0;
};

}  // namespace emdyn::detect
