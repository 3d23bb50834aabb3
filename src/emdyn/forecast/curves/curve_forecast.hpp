#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/forecast/curves/curve_table.hpp"
#include "emdyn/forecast/curves/paths.hpp"
#include "emdyn/forecast/curves/signal_target.hpp"
#include "emdyn/forecast/features/history.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::forecast {

/// A signal up to a moment, and what of its run helps to see on. Nothing in it is later than `at`.
struct CurveInput {
  std::string name{};
  History history{};        ///< With non-finite records.
  History learning_rate{};  ///< Finite ones; may be empty.
  double at = 0.0;          ///< The moment, at or after the last record.
  /// Which way is better; absent: told by the name, else by the way it has gone so far.
  std::optional<bool> better_up{};
};

/// Points of the signal up to `at`, of whatever segment history it has.
CurveInput curve_input(const series::Signal& signal, double at,
                       const series::Signal* learning_rate = nullptr);

struct CurveOptions {
  double level = 0.9;       ///< Of intervals, in (0, 1).
  std::size_t paths = 360;  ///< Drawn for a probability, >= 1.
  std::uint64_t seed = 1;   ///< Of the paths.
};

/// A simple rule that stands beside a forecast.
struct CurveCompetitor {
  std::string name{};  ///< persistence, value_now, base_rate, recent_rate, last_spike
  double probability = 0.0;
};

/// What is said of a target. A plain value.
struct TargetAnswer {
  series::ForecastStatus status = series::ForecastStatus::ok;
  std::string reason{};  ///< Of an abstention: the one thing that is missing.
  std::optional<series::Interval>
      probability{};                        ///< The interval is its range over the families of
                                            ///< the bank; of spikes, of their rate.
  std::optional<series::Interval> onset{};  ///< When, where it is more likely than not.
  std::optional<double> reached_at{};       ///< Of a target that is already past.
  std::string predictor{};                  ///< paths, base_rate, spike_rate
  std::vector<CurveCompetitor> competitors{};
};

/// The farthest horizon that is calibrated, in multiples of what a curve has behind it.
inline constexpr double kFarthestHorizon = kHorizons.back();

/// How likely the target is before the deadline. Deterministic; O(records) + some 2 ms.
/// @param deadline position, in units of the signal's axis. @throws ConfigError for options out of
/// range.
TargetAnswer answer_target(const SignalTarget& target, const CurveInput& input, double deadline,
                           const CurveTable& table, const CurveOptions& options = {});

/// A moment of a forecast curve.
struct OutlookPoint {
  double position = 0.0;
  series::Interval value{};
};

/// Where a signal will be, and what is near. A plain value.
struct CurveOutlook {
  series::ForecastStatus status = series::ForecastStatus::ok;
  std::string reason{};
  std::optional<series::Interval> value{};                ///< Of the level at the deadline.
  std::optional<series::Interval> record{};               ///< Of a single record there.
  std::optional<series::Interval> now{};                  ///< Of the level now.
  std::vector<OutlookPoint> path{};                       ///< Levels on the way.
  std::vector<std::pair<CurveMember, double>> weights{};  ///< At the deadline; they sum to 1.
  double persistence = 0.0;                               ///< Where it is now, the competitor.
  /// jump, spike, stall and divergence before the deadline, in this order.
  std::vector<std::pair<TargetKind, TargetAnswer>> events{};
};

/// The outlook of a signal until the deadline. Deterministic; O(records) + some 4 ms.
CurveOutlook curve_outlook(const CurveInput& input, double deadline, const CurveTable& table,
                           const CurveOptions& options = {});

/// The level that an event of a curve is: on the scale of the link. Nothing for spikes, and where the
/// curve has not gone any way yet (less than four standard errors of its level).
struct EventLevel {
  bool rises = true;
  double z = 0.0;
};
std::optional<EventLevel> event_level(TargetKind kind, const CurveBlocks& blocks, bool better_up);
/// Which way is better for a signal: its name tells, else the way it has gone.
bool better_up(const CurveInput& input, const CurveBlocks& blocks);

}  // namespace emdyn::forecast
