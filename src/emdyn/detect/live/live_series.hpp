#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/live/reference.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::detect {

/// The cheap ensemble, for very many or very fast signals (decision 0195).
inline constexpr std::string_view kWatch = "watch";

/// False alarms a sample of the detectors that alarm within a budget, unless told otherwise.
inline constexpr double kDefaultAlpha = 1e-5;

/// What an alarm does to the detector that raised it.
enum class AfterAlarm : std::uint8_t {
  rearm,  ///< The evidence goes, the baseline stays.
  reset,  ///< Everything is learned anew: where a shift has moved the baseline.
};
inline constexpr std::array<std::string_view, 2> kAfterAlarmWords{"rearm", "reset"};

/// Which detector looks at a series, behind what, and when it may alarm.
struct DetectOptions {
  std::string detector{kDefaultDetector};  ///< Of series or of rows.
  Params params{};                         ///< Of the detector.
  std::optional<bool> front_end{};         ///< Default: as the registry says for the detector.
  /// Given: alarm within this budget. Absent: Entry::budgeted() within kDefaultAlpha, every other
  /// detector by its textbook threshold.
  std::optional<double> alpha{};
  std::optional<double> arm_score{};  ///< Given: alarm at a score above this, whatever its price.
  std::int64_t refractory_samples = 25;
  double hysteresis = 0.5;  ///< As detect::AlarmPolicy::Config; the next two as well.
  double disarm_score = 0.0;
  double disarm_p = 0.0;
  std::optional<std::int64_t> longest_period{};  ///< Of a season the front end seeks, in samples.
  detect::Calibrator::Kind calibrator = detect::Calibrator::Kind::pot;
  /// Default: reset for an entry that says so (Entry::resets) and is fed raw values, else rearm.
  std::optional<AfterAlarm> after_alarm{};
  /// Given: what is normal is learned from it and held, an alarm lasts as long as what it tells (HeldSeries,
  /// HeldPolicy), and its budget is HeldPolicy::kAlpha unless told otherwise. Shared, since every signal has it.
  std::shared_ptr<const Reference> reference{};
  /// Beside the default detector, what trainings die of, within the same budget (training_entries).
  bool training = true;
};

/// What stands beside the default detector on a signal of this name, each with an equal part of the
/// share kTrainingShare of the budget: `frozen` on any; `divergence` on losses and, downwards, on
/// accuracies; `norm_growth` on norms of gradients and updates. On a learning rate it stands in its
/// place: `schedule`, since nobody's steps are spikes.
struct TrainingEntry {
  const Entry* entry = nullptr;
  Params params{};
  bool alone = false;  ///< In place of the default detector.
};
inline constexpr double kTrainingShare = 0.4;
/// Whether the options ask for such company: the default detector within a budget, and not without.
bool watches_training(const DetectOptions& options);
/// What a ValidationWatch beside such detectors may cost an evaluation: a fifth of the budget.
double validation_alpha(const DetectOptions& options);
std::vector<TrainingEntry> training_entries(std::string_view signal);

/// True for a detector of rows, false for one of series.
/// @throws ConfigError for a name that is neither, offering the nearest.
bool takes_rows(std::string_view detector);

/// The reference of the options, in the words of messages; a signal that it lacks is not judged.
bool has_reference(const DetectOptions& options, std::string_view signal);

/// The policy the options ask for.
/// @throws ConfigError for options out of range or that exclude each other.
detect::AlarmPolicy alarm_policy(const DetectOptions& options);

/// Refuses options no detector can be made of, before work begins.
/// @throws ConfigError for an unknown detector or parameter, or options that exclude each other.
void check_options(const DetectOptions& options);

/// What one sample gave; a row of channels has no value of its own (NaN).
struct Scored {
  double position = 0.0;
  double value = 0.0;
  std::optional<double>
      score{};  ///< In units of the detector's threshold; absent for a non-finite value.
  std::optional<double> p_value{};
  bool warning = false;  ///< In the textbook's warning zone (Entry::warns).
};

/// One detector on one stream, sample by sample, in causal order: what every door runs (`detect`,
/// `import`, `watch`, labs, Monitor), so equal samples and options give equal events everywhere.
///
/// A value that is not finite raises one `nonfinite` event per burst and counts as missing. A
/// position that steps back opens a segment: the level is learned anew, what is normal is kept.
///
/// With DetectOptions::reference an alarm is told when it begins and once more when it is over (is_end).
///
/// The default detector has company (DetectOptions::training). What happens is told once: within the
/// refractory period of an alarm the others of the same signal are silent.
class SeriesDetector {
 public:
  /// @throws ConfigError for an unknown detector or parameter.
  SeriesDetector(std::string signal, series::Axis axis, const DetectOptions& options);
  ~SeriesDetector();
  SeriesDetector(SeriesDetector&&) noexcept;

  /// @param position a NaN is passed over. @param events what happened is appended; `run` is left
  /// to the caller.
  Scored push(double position, double value, std::vector<series::Event>& events);

 private:
  struct Impl;
  void hold_reference(const DetectOptions& options, const Params& params);

  std::unique_ptr<Impl> impl_;
};

}  // namespace emdyn::detect
