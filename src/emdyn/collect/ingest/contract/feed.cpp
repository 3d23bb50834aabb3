#include "emdyn/collect/ingest/contract/feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kMostWarnings = 1000;

}  // namespace

RunIndex Feed::run(std::string_view name, const Json& configuration) {
  if (const auto found = run_names_.find(name); found != run_names_.end()) return found->second;
  if (runs_.size() >= limits_.names) {
    throw DataError(
        fmt::format("more than {} runs in one reading; is the run column right?", limits_.names));
  }
  const auto index = static_cast<RunIndex>(runs_.size());
  sink_.on_run(index, name, configuration);
  run_names_.emplace(std::string(name), index);
  runs_.push_back({.name = std::string(name), .signals = {}});
  ++report_.runs;
  return index;
}

SignalIndex Feed::signal(RunIndex run, std::string_view name, series::Axis axis) {
  Names& known = runs_[run].signals;
  if (const auto found = known.find(name); found != known.end()) return found->second;
  if (signals_.size() >= limits_.names) {
    throw DataError(
        fmt::format("more than {} signals in one reading; are the columns right?", limits_.names));
  }
  const auto index = static_cast<SignalIndex>(signals_.size());
  sink_.on_signal(index, run, name, axis);
  known.emplace(std::string(name), index);
  signals_.push_back({.run = run});
  ++report_.signals;
  return index;
}

void Feed::point(SignalIndex signal, double position, double value, double seconds) {
  SignalState& state = signals_[signal];
  RunState& run = runs_[state.run];
  if (position < state.last && !run.warned && !muted_) {
    run.warned = true;
    warn_of(
        "steps go back",
        fmt::format("run \"{}\": steps go back (from {} to {}); each return opens a new segment",
                    terminal_safe(run.name), shortest(state.last), shortest(position)));
  }
  state.last = position;
  run.last = position;
  seconds = epoch_seconds(seconds);  // Some writers put milli- or nanoseconds where seconds belong.
  if (!muted_) {
    ++report_.points;
    if (!std::isfinite(value)) ++report_.nonfinite;
  }
  sink_.on_point(signal, position, value, seconds);
}

void Feed::configuration(RunIndex run, const Json& configuration) {
  if (!configuration.empty()) sink_.on_configuration(run, configuration);
}

void Feed::warn_of(std::string_view kind, std::string text) {
  if (muted_) return;
  const auto same = std::ranges::find(warnings_, kind, &Warning::kind);
  if (same != warnings_.end()) {
    ++same->count;
  } else if (warnings_.size() < kMostWarnings) {
    warnings_.push_back({std::string(kind), std::move(text), 1});
  }
}

void Feed::tell_warnings() {
  for (Warning& warning : warnings_) {
    if (std::exchange(warning.told, true)) continue;
    std::string text = warning.text;
    if (warning.count > 1) text += fmt::format(" (and {} more like it)", warning.count - 1);
    sink_.on_warning(text);
    report_.warnings.push_back(std::move(text));
  }
}

void Feed::bad_row(bool skip, std::string text) {
  if (!skip) throw DataError(text);
  if (muted_) return;
  if (report_.skipped_rows++ == 0) warn("malformed rows are skipped; the first: " + text);
}

SourceInfo& Feed::source(std::string path) {
  return sources_.emplace_back(SourceInfo{.path = std::move(path)});
}

std::optional<double> Feed::last_position(RunIndex run) const noexcept {
  const double last = runs_[run].last;
  return std::isinf(last) ? std::nullopt : std::optional(last);
}

ReadReport Feed::report() const {
  ReadReport report = report_;
  report.sources.assign(sources_.begin(), sources_.end());
  return report;
}

}  // namespace emdyn::collect::ingest
