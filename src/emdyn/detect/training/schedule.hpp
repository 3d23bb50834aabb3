#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// A step of a schedule: a learning rate, or another quantity that somebody set, is constant, a line
/// or a smooth curve, and then takes another value at once. Told as what it is, a shift, and as no
/// spike: nothing in it is chance, so the step has no p-value. A score of 1: the step is
/// `least_share` of the larger of the two values, and eight times any other step of late.
///
/// Cost: O(1), 100 bytes. Source: own.
class ScheduleStep {
 public:
  static constexpr std::string_view kName = "schedule";
  static constexpr std::string_view kSummary =
      "a step of what somebody set, such as a learning rate: constant or smooth, then another value";
  static constexpr std::string_view kPaper = "own";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;

  struct Config {
    double least_share = 0.05;  ///< Of the larger value, that a step must be; in (0, 1).
  };

  static constexpr std::array kFields{
      Field<Config>{"least_share", &Config::least_share, 1e-6, 0.999,
                    "share of the larger value that a step must be"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit ScheduleStep(const Config& config)
      : inverse_(1.0 / checked(kName, kFields, config).least_share) {}

  /// @param sample in signal units; finite.
  double update(double sample) noexcept {
    sample = bounded_sample(sample);
    score_ = 0.0;
    const double step = sample - last_;
    const double size = std::abs(step);
    if (seen_ >= kFirst) {
      const double largest = std::max({std::abs(sample), std::abs(last_), 1e-140});
      if (size > kTimesOthers * usual_ + smallest_sigma(largest))
        score_ = std::min(size / largest * inverse_, kLargestScore);
    }
    rises_ = step > 0.0;
    // The largest step of late fades; a step that was told is none of the curve.
    if (seen_ > 0 && score_ <= 1.0) usual_ = std::max(size, kFades * usual_);
    last_ = sample;
    seen_ = std::min<std::uint64_t>(seen_ + 1, kFirst);
    return score_;
  }
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept { score_ = 0.0; }
  void reset() noexcept {
    last_ = usual_ = score_ = 0.0;
    seen_ = 0;
    rises_ = false;
  }
  bool ready() const noexcept { return seen_ >= kFirst; }
  Evidence evidence() const noexcept {
    Evidence evidence;
    evidence.score = score_;
    if (score_ > 0.0) evidence.direction = rises_ ? Direction::rise : Direction::fall;
    return evidence;
  }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.last_, self.usual_, self.score_, self.seen_, self.rises_);
    archive.require(self.usual_ >= 0.0 && self.score_ >= 0.0 && kLargestScore >= self.score_ &&
                    kFirst >= self.seen_);
  }
  bool operator==(const ScheduleStep&) const = default;

 private:
  static constexpr std::uint64_t kFirst = 4;  // Samples before the first score.
  static constexpr double kTimesOthers = 8.0;
  static constexpr double kFades = 0.99;

  double inverse_;
  double last_ = 0.0;
  double usual_ = 0.0;  // Largest step of late.
  double score_ = 0.0;
  std::uint64_t seen_ = 0;
  bool rises_ = false;
};

static_assert(Detector<ScheduleStep>);

}  // namespace emdyn::detect
