#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/detect/live/incidents.hpp"
#include "emdyn/emergence/transition/fitted.hpp"
#include "emdyn/forecast/predictors/baseline_forecast.hpp"
#include "emdyn/series/records.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::report {

/// A stretch of consecutive points of a signal, as an overview keeps it: extremes survive.
struct Bucket {
  double first_position = 0.0;
  double last_position = 0.0;
  double first = 0.0;  ///< First finite value; like `last`, `min`, `max` unused when `count` is 0.
  double last = 0.0;
  double min = 0.0;
  double max = 0.0;
  bool min_first = true;        ///< Whether the minimum came before the maximum.
  std::uint64_t count = 0;      ///< Finite values.
  std::uint64_t nonfinite = 0;  ///< NaN and infinite values.
  /// Of the finite values; NaN where it is not known (smoothing then takes the middle).
  double sum = std::numeric_limits<double>::quiet_NaN();
};

/// A signal to be drawn. Give either all its points or, for a very long one, an overview.
struct ReportSignal {
  series::Signal points{};
  std::vector<Bucket> overview{};  ///< Used instead of `points` when not empty; ascending.
  std::string family{};  ///< loss, gradients, weights, activations, representation, data, other;
                         ///< that of its name when empty (signal_family).
  std::string unit{};    ///< "%" shows a fraction in percent; "" is dimensionless.
};

using emergence::ComparedModel;
using emergence::CurvePoint;
using emergence::FittedTransition;

/// The forecasts made along the run, in ascending order of `at`.
struct ForecastTrack {
  std::vector<series::Forecast> forecasts{};
  std::vector<forecast::BaselineForecast> baselines{};
  std::optional<double> threshold{};   ///< Probability in [0, 1] at which the forecast alarms.
  std::optional<double> crossed_at{};  ///< Where the forecast first rose above the threshold.
  std::string absence{};  ///< Why there is no forecast ("no predictor for this task"), when none.
};

/// A rolling early-warning indicator and the band it keeps when nothing is coming.
struct IndicatorTrack {
  std::string signal{};
  std::string indicator{};  ///< variance, autocorrelation, skewness, low_frequency_power
  std::vector<double> positions{};
  std::vector<double> values{};
  std::vector<double> band_low{};  ///< Null band, as long as `positions`, or empty.
  std::vector<double> band_high{};
  double band_level = 0.9;
  std::optional<double> tau{};      ///< Kendall's tau against position.
  std::optional<double> p_value{};  ///< One-sided, against surrogates.
  std::optional<double> q_value{};  ///< Corrected for all trends looked at with it.
};

/// What moved one forecast.
struct Drivers {
  std::string title{};         ///< "when the forecast crossed its threshold"
  std::optional<double> at{};  ///< Position of the forecast explained.
  series::Attribution attribution{};
};

/// When a signal changed relative to the transition.
struct ChangeOrder {
  std::string signal{};
  series::Interval onset{};
  series::Direction direction = series::Direction::none;
  std::optional<double> relative{};  ///< Onset minus the transition's; negative is before.
  std::string detail{};
};

/// One of all signals that were analysed.
struct RankedSignal {
  std::string signal{};
  bool changed = false;
  std::string change{};  ///< "rise 2 % → 98 %", "bend −0.0051 → −0.0001 per step", "none".
  std::optional<series::Interval> onset{};
  std::optional<double> bic_gain{};
  std::optional<double> p_value{};
  std::optional<double> q_value{};  ///< Corrected for all signals analysed.
};

/// Whether one metric makes a change look sudden.
struct MirageFinding {
  std::string signal{};
  std::string verdict{};  ///< real, artefact, undecided
  std::string words{};    ///< The verdict and what it rests on.
};

/// How much the signals depend on each other in windows that end at each position, in nats, with the
/// band of independent parts. NaN where it is not known.
struct InteractionTrack {
  std::string words{};
  std::vector<std::string> signals{};
  std::vector<double> positions{};
  std::vector<double> values{};
  std::vector<double> band_low{};
  std::vector<double> band_high{};
  double band_level = 0.9;
};

/// What the analysis of all signals found.
struct AnalysisSummary {
  std::string headline{};               ///< "9 of 172 signals changed suddenly".
  std::string how{};                    ///< At which rate false ones are among them.
  std::string rest{};                   ///< What the others did.
  std::vector<RankedSignal> signals{};  ///< The strongest evidence first.
  std::vector<MirageFinding> mirage{};
  std::optional<InteractionTrack> together{};
};

struct ShownProbeCost {
  std::string probe{};
  std::uint64_t calls = 0;
  double seconds = 0.0;                   ///< Total time spent in the probe.
  std::optional<double> share_percent{};  ///< Of the run's wall time.
};

/// What the run and its watching cost, and what was lost.
struct ReportCosts {
  std::optional<std::uint64_t> points_stored{};
  std::optional<std::uint64_t> points_dropped{};
  std::optional<std::uint64_t> nonfinite{};  ///< Counted from the signals when absent.
  std::optional<double> wall_seconds{};
  std::optional<double> steps_per_second{};
  std::optional<double> overhead_percent{};  ///< Of the probes, on the run's wall time.
  std::vector<ShownProbeCost> probes{};
};

/// A distribution with marks at multiples of sigma, such as a lab's prediction errors.
struct Histogram {
  std::string title{};
  std::string quantity{};             ///< Label of the horizontal axis, its unit included.
  std::vector<double> edges{};        ///< Ascending, one more than `counts`.
  std::vector<std::uint64_t> counts;  ///< Values in each bin.
  double mean = 0.0;
  double sigma = 0.0;
  std::vector<double> marks{};  ///< Multiples k of sigma to mark at mean ± k sigma.
  /// Share of values beyond mean ± k sigma, for each mark; empty when not counted.
  std::vector<double> beyond{};
};

/// Another run laid beside this one.
struct ComparedRun {
  std::string name{};
  ReportSignal order_parameter{};
  std::optional<series::Transition> transition{};
  std::optional<double> crossed_at{};
  Json configuration = Json::object();
};

/// Everything the report shows. Names and texts are untrusted; the report escapes them.
/// Absent parts are said to be absent, in words.
struct ReportData {
  std::string title{};  ///< Of the page; the run's name when empty.
  std::string program_version{};
  series::RunInfo info{};
  series::Axis axis = series::Axis::step;  ///< Shared by all panels.
  std::vector<ReportSignal> signals{};
  std::string order_parameter{};  ///< Signal shown first; chosen from the transitions when empty.
  std::vector<FittedTransition> transitions{};
  std::optional<AnalysisSummary> analysis{};
  ForecastTrack forecast{};
  std::vector<IndicatorTrack> early_warning{};
  std::string early_warning_absence{};  ///< Why there are no indicators, when none.
  std::vector<series::Event> events{};
  /// The same events, those that came together as one (detect::incidents); empty: not grouped.
  std::vector<detect::Incident> incidents{};
  std::string alarm_absence{};  ///< Why nobody looked for alarms, when nobody did.
  std::vector<Drivers> drivers{};
  std::vector<ChangeOrder> change_order{};
  ReportCosts costs{};
  std::vector<Histogram> histograms{};
  std::vector<series::StressCurve> stress{};
  std::vector<ComparedRun> compared{};
  std::vector<std::string> notes{};            ///< Sentences the reader must know.
  std::map<std::string, std::string> words{};  ///< Readable words for names of signals and factors.
};

/// A report of what a stored run holds: its signals, events, transitions, forecasts, attributions.
/// `info.notes` with a member "points_dropped" fills the costs.
ReportData report_data(series::Run run);

}  // namespace emdyn::report
