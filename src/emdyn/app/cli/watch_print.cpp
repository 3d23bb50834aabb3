#include "emdyn/app/cli/watch_print.hpp"

#include <fmt/format.h>

#include <utility>

#include "emdyn/app/cli/store_option.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/live/reference.hpp"

namespace emdyn::app::cli {
namespace {

std::string event_line(const series::Event& event) {
  if (detect::is_end(event)) {
    return fmt::format("{} {} is back within the reference, out of it {} to {}",
                       place_text(event.position, event.axis), terminal_safe(event.signal),
                       place_text(event.onset->low, event.axis),
                       place_text(event.onset->high, event.axis));
  }
  std::string text = fmt::format("{} {} {}", place_text(event.position, event.axis),
                                 terminal_safe(event.signal), series::word(event.kind));
  if (event.direction != series::Direction::none)
    text += fmt::format(" {}", series::word(event.direction));
  if (event.p_value) text += fmt::format("  p {:.1e}", *event.p_value);
  if (event.onset) text += fmt::format("  since {}", place_text(event.onset->estimate, event.axis));
  return text;
}

}  // namespace

void WatchPrinter::event(const series::Event& event) {
  last_event_ = event_line(event);
  json_ ? console_.json(event) : console_.line(last_event_);
}

void WatchPrinter::incidents(const std::vector<detect::Incident>& incidents) {
  for (const detect::Incident& each : incidents) {
    if (json_) {
      console_.json(Json{{"incident", each}});
    } else {
      console_.line(fmt::format("{} events are one incident: {}", each.events,
                                detect::incident_line(each, true)));
    }
  }
}

void WatchPrinter::forecast(const series::Forecast& made) {
  if (json_) return console_.json(made);
  const std::string line = made.reason.value_or(pipeline::live_forecast_line(made));
  if (std::exchange(last_forecast_, line) != line)
    console_.note(terminal_safe(pipeline::live_forecast_line(made)));
}

void WatchPrinter::warning(std::string_view text) {
  console_.warn(text);
  console_.tell_held();  // It may be long until there is anything else to say.
}

void WatchPrinter::progress(const std::string& path, const TaskProgress& now) {
  console_.status(fmt::format("watching {}: {} {}; {}", terminal_safe(path), count_text(now.done),
                              now.unit, last_event_));
}

}  // namespace emdyn::app::cli
