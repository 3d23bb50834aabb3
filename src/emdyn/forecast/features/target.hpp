#pragma once
#include <limits>
#include <optional>
#include <string>

#include "emdyn/series/run.hpp"

namespace emdyn::forecast {

/// What a forecast speaks of: the order parameter reaches `level` and stays there before a declared
/// deadline. "Reached at t" means: the record at t and every later record in [t, t + hold] are
/// >= level, hold being `hold_share` x deadline; there are at least `hold_records` such records;
/// and the hold is complete (a record at or beyond t + hold was seen) no later than the deadline.
struct Target {
  double level = 0.9;        ///< Of the test accuracy, in (0, 1].
  double hold_share = 0.01;  ///< How long it must stay, as a share of the deadline, in [0, 0.5].
  int hold_records = 3;      ///< Records the hold must have at least, >= 1.
  double deadline = 0.0;     ///< Last position that counts, > 0, in units of the signal's axis.
  bool operator==(const Target&) const = default;
};

/// "test_accuracy >= 0.9, sustained, before step 10000".
std::string describe(const Target& target, series::Axis axis = series::Axis::step);

enum class OutcomeKind { reached, not_reached, censored };

/// What became of a run. A run that ended before the deadline without reaching the level is
/// censored: nobody knows its label, and it is neither trained on nor counted.
struct Outcome {
  OutcomeKind kind = OutcomeKind::censored;
  std::optional<double> reached_at{};    ///< t of the definition.
  std::optional<double> confirmed_at{};  ///< Position of the record that completed the hold.
};

/// @throws ConfigError when the target is out of range.
const Target& checked(const Target& target);

/// The outcome as known from the records at positions <= `at`; `reached` then says that the target
/// is already past. Non-finite values break a hold.
/// @throws ConfigError when the target is out of range.
Outcome outcome(const series::Signal& accuracy, const Target& target,
                double at = std::numeric_limits<double>::infinity());

}  // namespace emdyn::forecast
