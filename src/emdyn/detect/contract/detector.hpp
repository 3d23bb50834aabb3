#pragma once
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/series/records.hpp"

namespace emdyn::detect {

using series::Direction;
using series::EventKind;

/// What values a detector's mathematics is made for.
enum class Domain : std::uint8_t { real, unit_interval, binary, count };

constexpr std::string_view word(Domain domain) noexcept {
  switch (domain) {
    case Domain::real:
      return "real";
    case Domain::unit_interval:
      return "unit_interval";
    case Domain::binary:
      return "binary";
    case Domain::count:
      return "count";
  }
  return "real";
}

/// What a detector believes about the stream up to now. Onsets are counted back from the last
/// sample (0 is the last sample itself); earliest >= onset >= latest bound it with about 90 %.
struct Evidence {
  double score = 0.0;  ///< Same value as the last update() returned.
  Direction direction = Direction::none;
  std::uint64_t onset_samples_ago = 0;
  std::uint64_t onset_earliest_ago = 0;
  std::uint64_t onset_latest_ago = 0;
  std::optional<EventKind> kind{};  ///< Where it is not always the detector's kKind.
  bool warming_up = false;          ///< What is normal rests on few samples yet.
  bool operator==(const Evidence&) const = default;
};

/// An alarm of a detector that alarms by itself, as an ensemble does whose members have a policy
/// each.
struct OwnAlarm {
  std::string_view member;  ///< The event's detector.
  Evidence evidence;        ///< Of that member, its kind included.
  double p_value = 1.0;     ///< Of the member's score.
  std::string policy{};     ///< As Event::policy.
};

/// Samples beyond +-1e140 are taken as +-1e140, so that squares and their sums stay finite.
constexpr double kLargestSample = 1e140;
constexpr double kLargestScore = 1e100;

constexpr double bounded_sample(double sample) noexcept {
  return std::min(std::max(sample, -kLargestSample), kLargestSample);
}
constexpr double bounded_score(double score) noexcept {
  return score < kLargestScore ? score : kLargestScore;
}
/// Samples since `positive` last was false, this one included; by a mask, for on noise a branch
/// would be mispredicted every few samples.
constexpr std::uint64_t age_while(bool positive, std::uint64_t age) noexcept {
  return (age + 1) & (std::uint64_t{0} - static_cast<std::uint64_t>(positive));
}
/// In a state(): numbers of samples. Nobody has seen 2^62, and half as much again must not
/// overflow.
template <class Archive, std::same_as<std::uint64_t>... Count>
void require_counts(Archive& archive, Count... counts) {
  archive.require(((counts <= std::uint64_t{1} << 62) && ...));
}
/// The smallest deviation believed of a signal at `level`: below it there is only rounding.
constexpr double smallest_sigma(double level) noexcept {
  return std::max((level < 0 ? -level : level) * 1e-12, 1e-140);
}

/// A streaming detector of one signal: one sample in, one score out.
///
/// The score is in units of the detector's own textbook threshold: 0 is calm, above 1 the
/// textbook rule would alarm. Whether anyone is told is not the detector's business: that is
/// the AlarmPolicy's, which knows the false-alarm budget.
///
/// A detector is a plain value. After construction it allocates nothing, throws nothing and
/// reads no clock, so a copy is a checkpoint. Samples are finite: missing ones go to skip().
///   warm-up  samples from which a baseline is learned: the score is 0 and ready() is false
///   rearm()  after an alarm: forgets the evidence, keeps what it learned of the baseline
///   reset()  forgets everything, as if just made
///   skip(n)  n samples are missing: time passes, the evidence stays
///   p_value  optional member: chance of a score this high per step, where the null is known
///   advance(x) optional member: update() of a ready detector, for loops that know it is
///   warns()    optional member: the textbook's warning level is reached
///   kResets    optional: rearm() keeps the level that a shift has moved, so that fed raw values it is reset instead
///   kJudgesSamples optional: its score is of the last sample alone, the others only teach what is normal
///   shares()   optional member: what each member of an ensemble gave to the score
///   alarms() optional member: it alarms by itself, and here is what it alarmed at the last sample;
///            no policy is put behind it, and rearm() is called for a new segment only
///   state()  names every member that changes, in one order; see core/snapshot.hpp
// clang-format off
template <class D>
concept Detector =
    std::copyable<D> && std::equality_comparable<D> &&
    std::constructible_from<D, const typename D::Config&> &&
    requires(D detector, const D& view, double sample, std::uint64_t count) {
      { D::kName } -> std::convertible_to<std::string_view>;
      { D::kSummary } -> std::convertible_to<std::string_view>;
      { D::kPaper } -> std::convertible_to<std::string_view>;
      { D::kCost } -> std::convertible_to<std::string_view>;
      { D::kDomain } -> std::convertible_to<Domain>;
      { D::kKind } -> std::convertible_to<EventKind>;
      { D::kFrontEnd } -> std::convertible_to<bool>;
      { detector.update(sample) } noexcept -> std::same_as<double>;
      { detector.skip(count) } noexcept;
      { detector.rearm() } noexcept;
      { detector.reset() } noexcept;
      { view.ready() } noexcept -> std::same_as<bool>;
      { view.evidence() } noexcept -> std::same_as<Evidence>;
    };
// clang-format on

}  // namespace emdyn::detect
