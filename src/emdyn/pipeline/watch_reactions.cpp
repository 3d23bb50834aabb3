#include "emdyn/pipeline/watch_reactions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/live/reference.hpp"

namespace emdyn::pipeline {
namespace {

using series::EventKind;

constexpr std::array kEveryKind{EventKind::shift,    EventKind::spike,   EventKind::trend,
                                EventKind::variance, EventKind::outlier, EventKind::nonfinite,
                                EventKind::gap};
constexpr std::chrono::seconds kCommandsMayEnd{10};

}  // namespace

std::vector<EventKind> event_kinds(const std::vector<std::string>& words) {
  std::vector<EventKind> kinds;
  for (const std::string& text : words) {
    if (text == "any") return {kEveryKind.begin(), kEveryKind.end()};
    const auto kind = std::ranges::find_if(
        kEveryKind, [&](EventKind each) { return series::word(each) == text; });
    if (kind == kEveryKind.end()) {
      throw ConfigError(fmt::format(
          "--fail-on must be any, shift, spike, trend, variance, outlier, nonfinite or gap, got \"{}\"",
          terminal_safe(text)));
    }
    kinds.push_back(*kind);
  }
  return kinds;
}

WatchReactions::WatchReactions(collect::store::Store& store, const Options& options)
    : fail_on_(options.fail_on),
      incidents_([&store](const std::string& run) { return incident_gap(store, run); }) {
  if (options.command) command_.emplace(*options.command);
}

std::vector<detect::Incident> WatchReactions::push(const series::Event& event) {
  const bool bad = std::ranges::find(fail_on_, event.kind) != fail_on_.end();
  failed_ = failed_ || (bad && !detect::is_end(event));
  if (command_) command_->push(event);
  return incidents_.push(event);
}

std::vector<detect::Incident> WatchReactions::finish() {
  if (command_) (void)command_->finish(kCommandsMayEnd);
  return incidents_.finish();
}

std::string WatchReactions::summary() const {
  if (!command_) return {};
  const EventCommand::Counts counts = command_->counts();
  return fmt::format("--exec ran {}, {} failed, {} passed over", counted(counts.run, "time"),
                     counts.failed, counted(counts.dropped, "event"));
}

}  // namespace emdyn::pipeline
