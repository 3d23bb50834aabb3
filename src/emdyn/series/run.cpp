#include "emdyn/series/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/core/error.hpp"

namespace emdyn::series {
namespace {

constexpr std::array<std::string_view, 4> kRunStatuses{"running", "finished", "interrupted",
                                                       "failed"};

}  // namespace

std::string_view word(RunStatus status) noexcept {
  return kRunStatuses[static_cast<std::size_t>(status)];
}

RunStatus run_status_from_word(std::string_view word) {
  for (std::size_t i = 0; i < kRunStatuses.size(); ++i) {
    if (kRunStatuses[i] == word) return static_cast<RunStatus>(i);
  }
  throw DataError(fmt::format("unknown run status \"{}\"", word));
}

std::span<const double> Signal::last_positions() const noexcept {
  return std::span(positions).subspan(segments.back());
}

std::span<const double> Signal::last_values() const noexcept {
  return std::span(values).subspan(segments.back());
}

bool Signal::append(double position, double value) {
  const bool back = !positions.empty() && position < positions.back();
  if (back) segments.push_back(positions.size());
  positions.push_back(position);
  values.push_back(value);
  return back;
}

Signal Signal::prefix(double position) const {
  Signal cut{name, axis, {}, {}, {}, {0}};
  const auto last = last_positions();
  const auto kept =
      static_cast<std::size_t>(std::ranges::upper_bound(last, position) - last.begin());
  const std::size_t end = segments.back() + kept;
  cut.positions.assign(positions.begin(), positions.begin() + static_cast<std::ptrdiff_t>(end));
  cut.values.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(end));
  if (!seconds.empty()) {
    cut.seconds.assign(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(end));
  }
  cut.segments = segments;
  return cut;
}

const Signal* Run::find(std::string_view signal) const noexcept {
  const auto found = std::ranges::find(signals, signal, &Signal::name);
  return found == signals.end() ? nullptr : &*found;
}

Run Run::prefix(double position) const {
  Run cut{info, {}, {}, {}, {}, {}};
  for (const Signal& signal : signals) cut.signals.push_back(signal.prefix(position));
  std::ranges::copy_if(events, std::back_inserter(cut.events),
                       [&](const Event& event) { return event.position <= position; });
  std::ranges::copy_if(forecasts, std::back_inserter(cut.forecasts),
                       [&](const Forecast& forecast) { return forecast.at <= position; });
  return cut;
}

}  // namespace emdyn::series
