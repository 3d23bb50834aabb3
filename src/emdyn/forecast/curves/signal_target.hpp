#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "emdyn/forecast/features/history.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::forecast {

/// What is asked of a signal.
enum class TargetKind {
  level,       ///< It gets to a level.
  spike,       ///< A record stands far off the records before it, or is no number.
  jump,        ///< It improves by half of the way it has come.
  stall,       ///< It does not get on by a twentieth of that way.
  divergence,  ///< It loses a tenth of that way, and more than its noise.
  collapse,    ///< It loses half of that way, or is no number any more.
};
std::string_view word(TargetKind kind) noexcept;

/// How long a level must hold.
enum class TargetManner { sustained, once, at_deadline };

/// A question to the future of one signal. A plain value.
struct SignalTarget {
  TargetKind kind = TargetKind::level;
  std::string signal{};  ///< A name, a role or an alias of one; empty: the run's main signal.
  bool rises = true;     ///< Of a level: reached from below (>=) or from above (<=).
  double value = 0.0;    ///< The level, in the signal's unit.
  bool percent = false;  ///< It was written with %: `value` is the share.
  TargetManner manner = TargetManner::sustained;
  std::optional<double> within{};      ///< From where the forecast stands, > 0.
  std::optional<double> before{};      ///< Absolute position.
  std::optional<series::Axis> axis{};  ///< Of these; absent: the signal's own.
  bool operator==(const SignalTarget&) const = default;
};

/// The grammar in one line, for messages and help.
inline constexpr std::string_view kTargetGrammar =
    "SIGNAL >=|<= NUMBER [sustained|once|at the deadline] [before P|within K [AXIS]], or "
    "[SIGNAL] spike|jump|stall|divergence|collapse [before P|within K [AXIS]]";

/// Reads a target as people write it: "val_loss <= 2.0", "loss spike within 500", "collapse",
/// "lambada/acc >= 0.5 before 3e9 parameters", "test_accuracy >= 90%". Names with spaces or words of
/// the grammar stand in double quotes.
/// @throws ConfigError with the grammar in one line.
SignalTarget parse_signal_target(std::string_view text);

/// "val_loss <= 2, sustained, before step 20000"; "loss spike within 500 steps of 1200".
/// @param signal its name in the run. @param at where the forecast stands.
std::string describe(const SignalTarget& target, std::string_view signal, series::Axis axis,
                     double at, double deadline);

/// The records that a hold takes: those from t to t + length, and at least `records`.
struct Hold {
  double length = 0.0;      ///< In units of the axis, >= 0.
  std::size_t records = 1;  ///< >= 1
};
/// A sustained level holds over one hundredth of the deadline and three records; another for one.
Hold hold_of(const SignalTarget& target, double deadline) noexcept;

/// What the records say about a level. Reached at t: more than half of the records of the hold that
/// begins at t, and the one at t, are at the level or beyond (so the median is); confirmed where that
/// hold ends. Records that are no numbers are not at the level.
struct LevelOutcome {
  std::optional<double> reached_at{};
  std::optional<double> confirmed_at{};
};
/// The first hold that begins at or after `from` and is complete by `until`. O(records).
LevelOutcome level_outcome(const History& history, bool rises, double level, const Hold& hold,
                           double from, double until);

}  // namespace emdyn::forecast
