#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// The last samples, to turn "n samples ago" into a position and into a value before and after.
class SampleLog {
 public:
  struct Change {
    double before = 0.0;
    double after = 0.0;
  };

  void push(double position, double value) noexcept {
    positions_[count_ % positions_.size()] = position;
    values_[count_ % values_.size()] = value;
    ++count_;
  }
  /// The oldest position kept where `ago` reaches beyond it. @pre at least one push.
  double at(std::uint64_t ago) const noexcept {
    return positions_[(count_ - 1 - std::min(ago, kept() - 1)) % positions_.size()];
  }
  series::Interval interval(const Evidence& evidence) const noexcept {
    return {at(evidence.onset_earliest_ago), at(evidence.onset_samples_ago),
            at(evidence.onset_latest_ago), 0.9};
  }
  /// Medians of up to 15 values before an onset so long ago and of the last up to 15 since then; of a
  /// single sample its value. Nothing where there is none before.
  std::optional<Change> change(std::uint64_t onset_ago, bool single) const noexcept {
    if (single) onset_ago = 0;
    if (onset_ago + 1 >= kept()) return std::nullopt;
    return Change{median(onset_ago + 1, kept() - onset_ago - 1), median(0, onset_ago + 1)};
  }
  void clear() noexcept { count_ = 0; }

 private:
  static constexpr std::uint64_t kFew = 15;

  std::uint64_t kept() const noexcept { return std::min<std::uint64_t>(count_, values_.size()); }
  /// Of at most kFew of the `count` values whose newest is `ago` samples old.
  double median(std::uint64_t ago, std::uint64_t count) const noexcept {
    std::array<double, kFew> some{};
    const std::uint64_t number = std::min(count, kFew);
    for (std::uint64_t i = 0; i < number; ++i)
      some[i] = values_[(count_ - 1 - ago - i) % values_.size()];
    const auto end = some.begin() + static_cast<std::ptrdiff_t>(number);
    std::sort(some.begin(), end);
    return some[number / 2];
  }

  std::array<double, 512> positions_{};
  std::array<double, 512> values_{};
  std::uint64_t count_ = 0;
};

/// What raised an alarm, before it is an event.
struct AlarmCause {
  EventKind kind = EventKind::shift;
  std::string_view detector{};
  std::string policy{};  ///< As Event::policy.
  double score = 0.0;
  double p_value = 1.0;  ///< 1: there was no past to rank the score in, and the event has none.
  Direction direction = Direction::none;
  std::optional<series::Interval> onset{};
  std::vector<series::Share> shares{};
  std::optional<SampleLog::Change> change{};
};

/// Makes the events of one stream: the only place where detection does. Whoever runs a detector,
/// live or on a file, of a series or of rows, gets its events from here, so they are equal. `run`
/// is left to the caller.
class EventMaker {
 public:
  EventMaker(std::string signal, series::Axis axis) : signal_(std::move(signal)), axis_(axis) {}

  const std::string& signal() const noexcept { return signal_; }
  series::Event alarm(double position, AlarmCause cause) const;
  /// The next value, finite or not. @return the event of the first value of a burst of values that
  /// are not finite.
  std::optional<series::Event> nonfinite(double position, double value);
  /// A new segment: a burst that goes on is another one.
  void restart() noexcept { in_burst_ = false; }

 private:
  series::Event blank(double position) const;

  std::string signal_;
  series::Axis axis_;
  bool in_burst_ = false;
};

}  // namespace emdyn::detect
