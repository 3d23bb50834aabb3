#include <fmt/format.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/predictors/stacked_forecast.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::string_view kSchema = "emdyn-predictor-1";

std::vector<double> numbers(const Json& json, std::string_view key, std::size_t count) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array() || found->size() != count) {
    throw DataError(fmt::format("predictor: {} must be a list of {} numbers", key, count));
  }
  std::vector<double> values;
  for (const Json& value : *found) {
    if (!value.is_number()) throw DataError(fmt::format("predictor: {} holds no number", key));
    values.push_back(value.get<double>());
  }
  return values;
}

const Json& member(const Json& json, std::string_view key) {
  const auto found = json.find(key);
  if (found == json.end()) throw DataError(fmt::format("predictor: {} is missing", key));
  return *found;
}

// Six digits are far below the coefficients' own uncertainty and keep the file small.
Json short_numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(*parse_double(fmt::format("{:.6g}", value)));
  return list;
}

}  // namespace

Json predictor_json(const Predictor& predictor) {
  if (predictor.stacked) return stacked_predictor_json(predictor);
  Json json{{"schema", kSchema},
            {"name", predictor.name},
            {"set", word(predictor.set)},
            {"target",
             {{"level", predictor.target.level},
              {"hold_share", predictor.target.hold_share},
              {"hold_records", predictor.target.hold_records}}},
            {"alarm",
             {{"threshold", predictor.alarm.threshold},
              {"consecutive", predictor.alarm.consecutive},
              {"budget", predictor.alarm.budget}}},
            {"features", predictor.features},
            {"mean", predictor.model.standardiser.mean},
            {"scale", predictor.model.standardiser.scale},
            {"low", predictor.low},
            {"high", predictor.high},
            {"intercept", predictor.model.intercept},
            {"beta", predictor.model.beta},
            {"odds_ratios", short_numbers(predictor.model.odds_ratios())},
            {"penalty", predictor.model.penalty},
            {"provenance", predictor.provenance}};
  Json replicates = Json::array();
  for (const auto& replicate : predictor.replicates) replicates.push_back(short_numbers(replicate));
  json["replicates"] = std::move(replicates);
  return json;
}

Predictor predictor_from_json(const Json& json) {
  if (is_stacked_predictor(json)) return stacked_predictor_from_json(json);
  if (!json.is_object() || text_or_empty(json, "schema") != kSchema) {
    throw DataError(fmt::format("no predictor of schema {}", kSchema));
  }
  Predictor predictor;
  predictor.name = required_text(json, "name");
  predictor.set = feature_set_from_word(required_text(json, "set"));
  predictor.features = feature_names(predictor.set);
  const Json& names = member(json, "features");
  if (names != Json(predictor.features)) {
    throw DataError(fmt::format(
        "predictor {} was fitted on other features than this version computes; fit it again with "
        "predictor train",
        terminal_safe(predictor.name)));
  }
  const std::size_t columns = predictor.features.size();
  const Json& target = member(json, "target");
  predictor.target.level = required_number(target, "level");
  predictor.target.hold_share = required_number(target, "hold_share");
  predictor.target.hold_records = static_cast<int>(required_number(target, "hold_records"));
  const Json& alarm = member(json, "alarm");
  predictor.alarm.threshold = required_number(alarm, "threshold");
  predictor.alarm.consecutive = static_cast<std::size_t>(required_number(alarm, "consecutive"));
  predictor.alarm.budget = required_number(alarm, "budget");
  predictor.model.standardiser = {numbers(json, "mean", columns), numbers(json, "scale", columns)};
  predictor.model.beta = numbers(json, "beta", columns);
  predictor.model.intercept = required_number(json, "intercept");
  predictor.model.penalty = required_number(json, "penalty");
  predictor.low = numbers(json, "low", columns);
  predictor.high = numbers(json, "high", columns);
  predictor.provenance = json.value("provenance", Json::object());
  for (const Json& row : member(json, "replicates")) {
    predictor.replicates.push_back(numbers(Json{{"row", row}}, "row", columns + 1));
  }
  for (const double scale : predictor.model.standardiser.scale) {
    if (!(scale > 0.0)) throw DataError("predictor: a scale is not > 0");
  }
  return predictor;
}

}  // namespace emdyn::forecast
