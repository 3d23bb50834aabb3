#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/live/sample_log.hpp"

namespace emdyn::detect {

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
  /// What `alarm` told is over since `end`; see is_end().
  series::Event over(const series::Event& alarm, double position, double end,
                     std::string policy) const;
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
