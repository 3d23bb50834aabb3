#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/app/cli/store_option.hpp"
#include "emdyn/app/cli/verbs.hpp"
#include "emdyn/app/terminal/table.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {

int run_events(Arguments arguments, Console& console) {
  CLI::App app("The alarms of a run, oldest first.", "events");
  StoreOption options;
  std::string name;
  std::string signal;
  std::string kind;
  double from = -HUGE_VAL;
  double to = HUGE_VAL;
  options.add_to(app);
  app.add_option("RUN", name, "id, unique beginning of an id, or name")->required();
  app.add_option("--signal", signal, "only this signal");
  app.add_option("--kind", kind, "shift, spike, trend, variance, outlier, nonfinite or gap");
  app.add_option("--from", from, "only at or after this position");
  app.add_option("--to", to, "only at or before this position");
  if (!app::terminal::parse(app, arguments, console)) return kFine;

  constexpr std::array<std::string_view, 7> kKinds{"shift",   "spike",     "trend", "variance",
                                                   "outlier", "nonfinite", "gap"};
  if (!kind.empty() && std::ranges::find(kKinds, kind) == kKinds.end()) {
    throw ConfigError(fmt::format("events: --kind must be one of {}, got \"{}\"",
                                  fmt::join(kKinds, ", "), terminal_safe(kind)));
  }
  if (!(from <= to)) throw ConfigError("events: --from must be at most --to");
  auto store = options.open(collect::store::Mode::read);
  const std::string id = store.find(name);
  if (!signal.empty())
    (void)store.overview(id, signal, 1);  // Refuses a signal that the run does not have.
  auto events = store.events(id);
  std::erase_if(events, [&](const series::Event& event) {
    return (!signal.empty() && event.signal != signal) ||
           (!kind.empty() && series::word(event.kind) != kind) || event.position < from ||
           event.position > to;
  });
  std::ranges::stable_sort(events, {}, &series::Event::position);
  if (options.json) {
    console.json(Json{{"events", events}});
    return kFine;
  }
  if (events.empty()) {
    console.line("no events");
    return kFine;
  }
  using Align = app::terminal::Table::Align;
  app::terminal::Table table({{"position", Align::right},
                              {"signal"},
                              {"kind"},
                              {"direction"},
                              {"detector"},
                              {"p-value", Align::right},
                              {"onset", Align::right}});
  for (const series::Event& event : events) {
    table.row({place_text(event.position, event.axis), event.signal,
               std::string(series::word(event.kind)), std::string(series::word(event.direction)),
               event.detector, event.p_value ? fmt::format("{:.1e}", *event.p_value) : "–",
               event.onset ? place_text(event.onset->estimate, event.axis) : "–"});
  }
  table.print(console);
  return kFine;
}

}  // namespace emdyn::app::cli
