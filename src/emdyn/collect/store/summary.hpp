#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emdyn/core/json.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::collect::store {

enum class RecordKind { event, transition, forecast, attribution };
std::string_view word(RecordKind kind) noexcept;

/// What is known of a signal without reading its points.
struct SignalSummary {
  std::string name{};
  series::Axis axis = series::Axis::step;
  std::uint64_t points = 0;
  std::uint64_t segments = 1;   ///< One more than the number of times the position went back.
  std::uint64_t nonfinite = 0;  ///< Points whose value is NaN or infinite.
  bool has_seconds = false;     ///< Wall times are kept beside the points.
  std::optional<double> first_position{};  ///< Of the point logged first; absent without points.
  std::optional<double> last_position{};   ///< Of the point logged last.
  std::optional<double> min{};             ///< Of the finite values.
  std::optional<double> max{};
  std::optional<double> last_value{};  ///< May be NaN or infinite.
  bool operator==(const SignalSummary&) const = default;
};

/// What `runs` lists. A run whose status says running while no writer holds it is reported as
/// interrupted.
struct RunSummary {
  series::RunInfo info{};
  std::uint64_t signals = 0;
  std::uint64_t points = 0;
  std::uint64_t nonfinite = 0;
  std::optional<double> last_position{};  ///< The largest last position of its signals.
  std::uint64_t events = 0;
  std::uint64_t transitions = 0;
  std::uint64_t forecasts = 0;
  std::uint64_t attributions = 0;
  Json
      progress{};  ///< How far files were read into the run (RunWriter::set_progress); null when none were.
};

/// Member names equal the C++ names; RunSummary's `info` is spread into the object.
void to_json(Json& json, const SignalSummary& summary);
void to_json(Json& json, const RunSummary& summary);
/// @throws DataError naming the member that is missing or wrong.
void from_json(const Json& json, RunSummary& summary);

}  // namespace emdyn::collect::store
