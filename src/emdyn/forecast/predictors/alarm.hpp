#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace emdyn::forecast {

/// When a sequence of forecasts of one run raises the alarm: a forecast was below the threshold
/// first, and later `consecutive` forecasts in a row are at or above it. A run whose forecasts
/// start above the threshold and stay there has not crossed it.
struct AlarmRule {
  double threshold = 0.5;       ///< Probability in (0, 1]; above 1 it never fires.
  std::size_t consecutive = 2;  ///< >= 1
  double budget = 0.1;          ///< Share of runs that never reach the target allowed to cross.
  bool operator==(const AlarmRule&) const = default;
};

/// Index of the forecast that completes the first crossing: the moment at which one knows.
std::optional<std::size_t> crossing(std::span<const double> probabilities, double threshold,
                                    std::size_t consecutive) noexcept;

/// The forecasts of one run, in order.
struct ForecastPath {
  std::vector<double> at{};
  std::vector<double> probability{};
  bool reached = false;           ///< The run reached the target.
  std::optional<double> onset{};  ///< Low end of the transition's onset, where the run has one.
  std::size_t group = 0;
  double deadline = 1.0;
};

/// What the rule does on one run.
enum class AlarmOutcome {
  hit,            ///< reached, crossed before the onset
  late,           ///< reached, crossed at the onset or later
  started_above,  ///< reached, never below the threshold before the onset
  missed,         ///< reached, never crossed, had been below
  false_alarm,    ///< never reached, crossed
  quiet,          ///< never reached, did not cross
};
struct AlarmResult {
  AlarmOutcome outcome = AlarmOutcome::quiet;
  std::optional<double> crossed_at{};
  std::optional<double> lead{};  ///< onset − crossed_at, for hits and late ones.
};
AlarmResult judge(const ForecastPath& path, const AlarmRule& rule);

/// The threshold among the probabilities given that has most hits while at most `budget` of the
/// runs that never reach the target cross; among equal hits the longest median lead share. When
/// none stays within the budget the threshold is 1.01: it never fires. Give it out-of-group
/// forecasts of the training runs only.
AlarmRule freeze_threshold(std::span<const ForecastPath> paths, std::size_t consecutive,
                           double budget);

}  // namespace emdyn::forecast
