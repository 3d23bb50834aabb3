#include "emdyn/detect/live/event_maker.hpp"

#include <cmath>
#include <utility>

namespace emdyn::detect {

series::Event EventMaker::blank(double position) const {
  series::Event event;
  event.signal = signal_;
  event.position = position;
  event.axis = axis_;
  return event;
}

series::Event EventMaker::alarm(double position, AlarmCause cause) const {
  series::Event event = blank(position);
  event.kind = cause.kind;
  event.detector = cause.detector;
  event.policy = std::move(cause.policy);
  event.score = cause.score;
  if (cause.p_value < 1.0) event.p_value = cause.p_value;
  event.direction = cause.direction;
  event.onset = cause.onset;
  event.shares = std::move(cause.shares);
  if (cause.change) {
    event.before = cause.change->before;
    event.after = cause.change->after;
  }
  return event;
}

series::Event EventMaker::over(const series::Event& alarm, double position, double end,
                               std::string policy) const {
  series::Event event = blank(position);
  event.kind = alarm.kind;
  event.detector = alarm.detector;
  event.policy = std::move(policy);
  event.score = 0.0;
  event.onset = series::Interval{alarm.position, alarm.position, end, 1.0};
  return event;
}

std::optional<series::Event> EventMaker::nonfinite(double position, double value) {
  const bool goes_on = std::exchange(in_burst_, !std::isfinite(value));
  if (!in_burst_ || goes_on) return std::nullopt;
  series::Event event = blank(position);
  event.kind = EventKind::nonfinite;
  event.detector = "finite";
  event.policy = "one event per burst";
  if (std::isinf(value)) event.direction = value > 0 ? Direction::rise : Direction::fall;
  event.onset = series::Interval{position, position, position, 1.0};
  return event;
}

}  // namespace emdyn::detect
