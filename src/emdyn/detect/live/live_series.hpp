#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/detect/live/signal_watch.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::detect {

/// What `watch` and Monitor run on every signal (detect::SignalWatch); no registry entry.
inline constexpr std::string_view kWatch = "watch";

/// False alarms a sample of auto and watch, unless told otherwise.
inline constexpr double kDefaultAlpha = detect::SignalWatch::Config{}.alpha;

/// Which detector looks at a series, behind what, and when it may alarm.
struct DetectOptions {
  std::string detector{kDefaultDetector};  ///< Of series or of rows; or kWatch.
  Params params{};                         ///< Of the detector.
  std::optional<bool> front_end{};         ///< Default: as the registry says for the detector.
  /// Given: alarm within this budget. Absent: auto and watch within kDefaultAlpha, every other
  /// detector by its textbook threshold.
  std::optional<double> alpha{};
  std::optional<double> arm_score{};  ///< Given: alarm at a score above this, whatever its price.
  std::int64_t refractory_samples = 25;
  double hysteresis = 0.5;  ///< As detect::AlarmPolicy::Config; the next two as well.
  double disarm_score = 0.0;
  double disarm_p = 0.0;
  std::optional<std::int64_t> longest_period{};  ///< Of a season the front end seeks, in samples.
  detect::Calibrator::Kind calibrator = detect::Calibrator::Kind::pot;
};

/// True for a detector of rows, false for one of series (and kWatch).
/// @throws ConfigError for a name that is neither, offering the nearest.
bool takes_rows(std::string_view detector);

/// The policy the options ask for.
/// @throws ConfigError for options out of range or that exclude each other.
detect::AlarmPolicy alarm_policy(const DetectOptions& options);

/// What one sample gave; a row of channels has no value of its own (NaN).
struct Scored {
  double position = 0.0;
  double value = 0.0;
  std::optional<double>
      score{};  ///< In units of the detector's threshold; absent for a non-finite value.
  std::optional<double> p_value{};
};

/// One detector on one stream, sample by sample, in causal order.
class SeriesDetector {
 public:
  /// @throws ConfigError for an unknown detector or parameter.
  SeriesDetector(std::string signal, series::Axis axis, const DetectOptions& options);
  ~SeriesDetector();
  SeriesDetector(SeriesDetector&&) noexcept;

  /// @param events what happened is appended.
  Scored push(double position, double value, std::vector<series::Event>& events);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace emdyn::detect
