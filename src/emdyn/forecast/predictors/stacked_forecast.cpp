#include "emdyn/forecast/predictors/stacked_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/features/relative.hpp"
#include "emdyn/forecast/tabular/model_json.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::string_view kStackedSchema = "emdyn-stacked-predictor-1";

series::Forecast without(series::Forecast forecast, std::string reason) {
  forecast.status = series::ForecastStatus::abstained;
  forecast.reason = std::move(reason);
  return forecast;
}

double logit_of(double probability) {
  const double p = std::clamp(probability, 1e-9, 1.0 - 1e-9);
  return std::log(p / (1.0 - p));
}

// The stack's own probability, and how well it is known: both drawn towards the base rate alike.
series::Interval interval_of(const Predictor& predictor, std::span<const double> row, double trust,
                             double level) {
  const StackedModel& model = *predictor.stacked;
  const double log_odds = model.stack.log_odds(model.member_log_odds(row));
  const auto drawn = [&](double at) { return sigmoid(shrunk(at, model.base_log_odds, trust)); };
  const double own = drawn(log_odds);
  const Calibration::Value known = predictor.calibration(log_odds, level);
  return {std::min(own, drawn(logit_of(known.low))), own,
          std::max(own, drawn(logit_of(known.high))), level};
}

}  // namespace

double last_record(const series::Run& run) noexcept {
  double last = 0.0;
  for (const series::Signal& signal : run.signals) {
    if (signal.size() > 0) last = std::max(last, signal.last_positions().back());
  }
  return last;
}

std::vector<double> stacked_features(const series::Run& run, double at,
                                     const ForecastOptions& options) {
  return relative_features(observe(run, at, options.deadline, options.roles));
}

series::Forecast stacked_forecast(const Predictor& predictor, const series::Run& run,
                                  const ForecastOptions& options) {
  const series::Signal* accuracy =
      series::find_role(run, series::Role::test_accuracy, options.roles);
  const bool has_accuracy = accuracy != nullptr && accuracy->size() > 0;
  Target target = predictor.target;
  target.deadline = options.deadline;
  series::Forecast result;
  result.run = run.info.id;
  result.target = describe(checked(target), has_accuracy ? accuracy->axis : series::Axis::step);
  result.predictor = predictor.name;
  result.deadline = options.deadline;
  result.at =
      options.at.value_or(has_accuracy ? accuracy->last_positions().back() : last_record(run));
  if (has_accuracy && outcome(*accuracy, target, result.at).kind == OutcomeKind::reached) {
    result.status = series::ForecastStatus::already_past;
    return result;
  }
  if (result.at > options.deadline) {
    return without(std::move(result), "the deadline has passed; give a later one with --deadline");
  }
  if (!(result.at > 0.0)) {
    if (!has_accuracy) {
      return without(std::move(result),
                     series::missing_role_message(run, series::Role::test_accuracy));
    }
    return without(std::move(result), "nothing has been recorded yet; forecast later");
  }
  const Observed observed = observe(run, result.at, options.deadline, options.roles);
  if (!is_informative(observed)) {
    return without(std::move(result),
                   series::missing_role_message(run, series::Role::test_accuracy));
  }
  const auto features = relative_features(observed);
  const DepartureScore score = predictor.stacked->departure(features);
  if (score.abstain) {
    return without(std::move(result),
                   fmt::format("the run is {:.1f} times as far from the bank as 95 % of the bank's "
                               "own: nothing it shows holds here; fit a predictor on runs like "
                               "this with predictor train",
                               score.distance));
  }
  if (score.trust < 1.0) {
    result.reason = fmt::format(
        "the run is {:.1f} times as far from the bank as 95 % of the bank's own; {:.0f} % of the "
        "forecast beyond the base rate is kept",
        score.distance, 100.0 * score.trust);
  }
  result.probability = interval_of(predictor, features, score.trust, options.level);
  return result;
}

bool is_stacked_predictor(const Json& json) {
  return json.is_object() && text_or_empty(json, "schema") == kStackedSchema;
}

Json stacked_predictor_json(const Predictor& predictor) {
  return sealed({{"schema", kStackedSchema},
                 {"name", predictor.name},
                 {"target",
                  {{"level", predictor.target.level},
                   {"hold_share", predictor.target.hold_share},
                   {"hold_records", predictor.target.hold_records}}},
                 {"alarm",
                  {{"threshold", predictor.alarm.threshold},
                   {"consecutive", predictor.alarm.consecutive},
                   {"budget", predictor.alarm.budget}}},
                 {"provenance", predictor.provenance},
                 {"calibration", model_json(predictor.calibration)},
                 {"model", stacked_json(*predictor.stacked)}});
}

Predictor stacked_predictor_from_json(const Json& json) {
  if (!is_stacked_predictor(json)) {
    throw DataError(fmt::format("no predictor of schema {}", kStackedSchema));
  }
  checked_seal(json, "predictor");
  const auto part = [&](std::string_view key) -> const Json& {
    const auto found = json.find(key);
    if (found == json.end()) throw DataError(fmt::format("predictor: {} is missing", key));
    return *found;
  };
  Predictor predictor;
  predictor.name = required_text(json, "name");
  predictor.target.level = required_number(part("target"), "level");
  predictor.target.hold_share = required_number(part("target"), "hold_share");
  predictor.target.hold_records = static_cast<int>(required_number(part("target"), "hold_records"));
  predictor.alarm.threshold = required_number(part("alarm"), "threshold");
  predictor.alarm.consecutive =
      static_cast<std::size_t>(required_number(part("alarm"), "consecutive"));
  predictor.alarm.budget = required_number(part("alarm"), "budget");
  predictor.provenance = json.value("provenance", Json::object());
  predictor.calibration = calibration_from_json(part("calibration"));
  predictor.stacked = stacked_from_json(part("model"));
  predictor.features = predictor.stacked->features;
  if (predictor.features != relative_names()) {
    throw DataError(fmt::format(
        "predictor {} was fitted on other features than this version computes; fit it again with "
        "predictor train",
        terminal_safe(predictor.name)));
  }
  return predictor;
}

}  // namespace emdyn::forecast
