#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"

/// The records every part of the system exchanges. JSON names equal C++ names; what was not
/// computed is null. Every record has `to_json(Json&, const T&)` and `from_json(const Json&, T&)`;
/// the latter throws DataError naming the member that is missing or wrong, and ignores members it
/// does not know.
namespace emdyn::series {

/// What a position counts.
enum class Axis { step, tokens, flops, parameters, epsilon, severity, seconds };
enum class Direction { none, rise, fall };
enum class EventKind { shift, spike, trend, variance, outlier, nonfinite, gap };
enum class TransitionKind { none, rise, fall, spike, collapse, bend };
enum class TransitionModel { constant, power_law, sigmoid, jump, kink, rise_and_collapse, bnsl };
enum class ForecastStatus { ok, abstained, already_past };

std::string_view word(Axis axis) noexcept;
std::string_view word(Direction direction) noexcept;
std::string_view word(EventKind kind) noexcept;
std::string_view word(TransitionKind kind) noexcept;
std::string_view word(TransitionModel model) noexcept;
std::string_view word(ForecastStatus status) noexcept;
/// @throws DataError for a word that names no axis.
Axis axis_from_word(std::string_view word);

/// An estimate with the interval that holds the truth with probability `level`.
struct Interval {
  double low = 0.0;
  double estimate = 0.0;
  double high = 0.0;
  double level = 0.9;
  bool operator==(const Interval&) const = default;
};

/// One part of what made a score: a channel of a row, or a member of an ensemble.
struct Share {
  std::string name{};
  double share = 0.0;                 ///< Of the score, in [0, 1]; the shares of an event sum to 1.
  std::optional<double> deviation{};  ///< Of a channel, in standard deviations of its own past.
  bool operator==(const Share&) const = default;
};

/// Something unusual, noticed as it happened.
struct Event {
  std::string run{};
  std::string signal{};
  double position = 0.0;  ///< Where the alarm fired, in units of `axis`.
  Axis axis = Axis::step;
  std::string detector{};
  std::string policy{};
  std::optional<double> score{};    ///< In units of the detector's textbook threshold.
  std::optional<double> p_value{};  ///< Chance of a score this high when nothing happens.
  Direction direction = Direction::none;
  std::optional<Interval> onset{};  ///< When the change began, at or before `position`.
  EventKind kind = EventKind::shift;
  std::vector<Share> shares{};  ///< What made the score, largest first; empty when it is one thing.
  std::optional<double> before{};  ///< Median of the values before the onset, in the signal's unit.
  std::optional<double> after{};   ///< The value that alarmed, or the median since the onset.
  bool operator==(const Event&) const = default;
};

/// A trend of an early-warning indicator before a transition.
struct Precursor {
  std::string signal{};
  std::string indicator{};          ///< variance, autocorrelation, skewness, low_frequency_power
  double tau = 0.0;                 ///< Kendall's tau of the indicator against position.
  double p_value = 1.0;             ///< One-sided, against surrogates without a trend.
  std::optional<double> q_value{};  ///< Corrected for all trends looked at with it.
  bool operator==(const Precursor&) const = default;
};

/// Whether the jump is an artefact of the metric.
struct Mirage {
  std::string verdict{};  ///< real, artefact, undecided
  std::string metric{};
  std::optional<double> evidence{};
  bool operator==(const Mirage&) const = default;
};

/// A change of an order parameter along a control parameter.
struct Transition {
  std::string order_parameter{};
  std::string control_parameter{};
  TransitionKind kind = TransitionKind::none;
  TransitionModel model = TransitionModel::constant;
  /// Where 10 % of the change is reached; of a collapse, of its fall; of a bend, where it bends.
  std::optional<Interval> onset{};
  std::optional<double>
      width;  ///< From 10 % to 90 % of the change, in units of the control parameter.
  std::optional<double> sharpness{};  ///< Size over width.
  std::optional<double> size{};       ///< after − before, with its sign; of a bend none.
  Direction direction = Direction::none;
  struct Evidence {
    std::optional<double>
        bic_gain;  ///< Of the chosen model over the best one without a transition.
    std::optional<double> p_value{};  ///< Bootstrap under the null; exact for short series.
    /// False discovery rate at which it is found among all signals analysed with it.
    std::optional<double> q_value{};
    bool operator==(const Evidence&) const = default;
  } evidence;
  std::optional<Mirage> mirage{};
  std::vector<Precursor> precursors{};
  /// Medians of the data on either side; of a spike, after is its extreme value; of an excursion
  /// that returns, the level it reached; of a bend none.
  std::optional<double> before{}, after{};
  std::optional<double> ended{};  ///< Where a spike or a fall that recovers returns.
  /// Of a bend: order parameter per unit of the control parameter.
  std::optional<double> slope_before{}, slope_after{};
  bool operator==(const Transition&) const = default;
};

/// One factor's share of a prediction.
struct Contribution {
  std::string factor{};
  std::optional<double> value{};  ///< Of the factor, in its own unit.
  double phi = 0.0;               ///< Shapley value, on the attribution's scale.
  std::optional<Interval> interval{};
  bool operator==(const Contribution&) const = default;
};

/// What two factors together add to a prediction beyond each alone.
struct PairContribution {
  std::string a{};
  std::string b{};
  double phi = 0.0;
  bool operator==(const PairContribution&) const = default;
};

/// What moved a prediction: base + sum of phi = the prediction, on `scale`.
struct Attribution {
  std::string target{};
  std::string scale{};  ///< log_odds for probabilities.
  double base = 0.0;
  std::vector<Contribution> contributions{};
  std::vector<PairContribution> interactions{};
  std::string method{};
  bool operator==(const Attribution&) const = default;
};

/// How likely a declared target is, seen from a prefix of a run.
struct Forecast {
  std::string run{};
  std::string target{};  ///< "test_accuracy >= 0.9, sustained, before step 10000"
  double at = 0.0;       ///< The forecast saw nothing beyond this position.
  std::optional<double> deadline{};
  std::optional<Interval> probability{};
  std::optional<Interval> onset{};
  std::string predictor{};
  ForecastStatus status = ForecastStatus::ok;
  std::optional<std::string> reason{};  ///< Why it abstained, and how to mend it.
  std::optional<Attribution> attribution{};
  bool operator==(const Forecast&) const = default;
};

/// An order parameter against the strength of a perturbation.
struct StressCurve {
  std::string order_parameter{};
  std::string control_parameter{};
  struct Point {
    double position = 0.0;
    Interval value{};
    std::optional<double> certified{};
    std::optional<double> attacked{};
    bool operator==(const Point&) const = default;
  };
  std::vector<Point> points{};
  Json settings = Json::object();
  Json ledger = Json::object();
  bool operator==(const StressCurve&) const = default;
};

void to_json(Json& json, const Interval& interval);
void to_json(Json& json, const Share& share);
void to_json(Json& json, const Event& event);
void to_json(Json& json, const Precursor& precursor);
void to_json(Json& json, const Transition& transition);
void to_json(Json& json, const Contribution& contribution);
void to_json(Json& json, const PairContribution& pair);
void to_json(Json& json, const Attribution& attribution);
void to_json(Json& json, const Forecast& forecast);
void to_json(Json& json, const StressCurve& curve);
void from_json(const Json& json, Interval& interval);
void from_json(const Json& json, Share& share);
void from_json(const Json& json, Event& event);
void from_json(const Json& json, Precursor& precursor);
void from_json(const Json& json, Transition& transition);
void from_json(const Json& json, Contribution& contribution);
void from_json(const Json& json, PairContribution& pair);
void from_json(const Json& json, Attribution& attribution);
void from_json(const Json& json, Forecast& forecast);
void from_json(const Json& json, StressCurve& curve);

}  // namespace emdyn::series
