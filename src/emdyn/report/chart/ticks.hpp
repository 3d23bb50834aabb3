#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/report/chart/scene.hpp"

/// Which alarms are shown, and where they stand in the signals.
namespace emdyn::report {

/// Alarms of one kind in one narrow column of a lane.
struct Tick {
  const series::Event* first = nullptr;
  std::size_t count = 0;
  double last_position = 0.0;
};

struct Ticks {
  /// Events listed: all of them, or where there are too many those with the smallest p-values, in
  /// order of position. The index of an event here is the number in its anchor.
  std::vector<const series::Event*> events{};
  std::vector<Tick> ticks{};  ///< The index here is the number in the tick's anchor.
  /// For each event the tick that stands for it; none where its signal is not drawn.
  std::vector<std::optional<std::size_t>> tick_of_event{};
  std::vector<std::size_t> first_event_of_tick{};
  /// For each incident the tick of the event that tells it; none where that is not drawn.
  std::vector<std::optional<std::size_t>> tick_of_incident{};

  /// Numbers of the ticks of a signal, in order of position.
  std::vector<std::size_t> of(std::string_view signal) const;
};

Ticks place_ticks(const Scene& scene);

/// Whether a signal has a lane of its own: it lies on the shared axis, is among the first 300 that
/// do, and no earlier one has its name.
std::vector<bool> drawn_signals(const Scene& scene);

/// "spike at step 1,200, p = 2×10⁻⁵"
std::string tick_words(const Scene& scene, const Tick& tick);

}  // namespace emdyn::report
