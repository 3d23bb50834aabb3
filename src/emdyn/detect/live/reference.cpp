#include "emdyn/detect/live/reference.hpp"

#include <algorithm>

#include "emdyn/detect/alarm/held_policy.hpp"

namespace emdyn::detect {

bool is_end(const series::Event& event) noexcept {
  return event.policy.starts_with(kBackToNormal) && event.onset.has_value();
}

std::vector<AlarmInterval> alarm_intervals(std::span<const series::Event> events) {
  std::vector<AlarmInterval> found;
  for (const series::Event& event : events) {
    if (is_end(event)) {
      for (auto each = found.rbegin(); each != found.rend(); ++each) {
        const series::Event& begun = each->event;
        if (each->end || begun.run != event.run || begun.signal != event.signal ||
            begun.detector != event.detector)
          continue;
        each->end = event.onset->high;
        break;
      }
    } else if (event.policy.find(kAgainstReference) != std::string::npos) {
      found.push_back({event, event.position, {}});
    }
  }
  std::ranges::stable_sort(found, {}, &AlarmInterval::begin);
  return found;
}

void to_json(Json& json, const AlarmInterval& interval) {
  json = Json{{"run", interval.event.run},
              {"signal", interval.event.signal},
              {"detector", interval.event.detector},
              {"kind", series::word(interval.event.kind)},
              {"begin", interval.begin},
              {"end", number_or_null(interval.end)},
              {"p_value", number_or_null(interval.event.p_value)}};
}

}  // namespace emdyn::detect
