#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::series {

/// A named scalar sequence. Values may be NaN or infinite; a step that goes back opens a new
/// segment.
struct Signal {
  std::string name{};
  Axis axis = Axis::step;
  std::vector<double> positions{};       ///< Not decreasing within a segment, in units of `axis`.
  std::vector<double> values{};          ///< Same length as `positions`.
  std::vector<double> seconds{};         ///< Wall time of each point since the epoch, or empty.
  std::vector<std::size_t> segments{0};  ///< Index at which each segment starts; the first is 0.

  std::size_t size() const noexcept { return values.size(); }
  /// The last segment: what a resumed training kept.
  std::span<const double> last_positions() const noexcept;
  std::span<const double> last_values() const noexcept;
  /// Appends a point and opens a segment when the position goes back. @return true when it did.
  bool append(double position, double value);
  /// Points up to and including `position`, of the segment history as it was when they were logged:
  /// the copy ends before the first point beyond `position` of the last segment.
  Signal prefix(double position) const;
  bool operator==(const Signal&) const = default;
};

enum class RunStatus { running, finished, interrupted, failed };
std::string_view word(RunStatus status) noexcept;
RunStatus run_status_from_word(std::string_view word);

/// What is known of a run besides its points: enough to repeat it.
struct RunInfo {
  std::string id{};    ///< Made by the store; safe as a file name.
  std::string name{};  ///< Given by the user or a file: untrusted.
  RunStatus status = RunStatus::running;
  double created = 0.0;                 ///< Seconds since the epoch.
  Json configuration = Json::object();  ///< Flat: name to number, text or boolean.
  std::string code_version{};
  std::optional<std::uint64_t> seed{};
  Json machine = Json::object();
  std::vector<std::string> tags{};
  std::string source{};         ///< Where the points came from: a lab's name, a path.
  Json notes = Json::object();  ///< Costs of probes, dropped points, roles given by the user, …
};

/// All signals and records of one model history.
struct Run {
  RunInfo info{};
  std::vector<Signal> signals{};
  std::vector<Event> events{};
  std::vector<Transition> transitions{};
  std::vector<Forecast> forecasts{};
  std::vector<Attribution> attributions{};

  const Signal* find(std::string_view signal) const noexcept;
  /// The run as it was known at `position`: signals and events cut there, later records left out.
  Run prefix(double position) const;
};

}  // namespace emdyn::series
