#include "emdyn/series/records.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::series {
namespace {

constexpr std::array<std::string_view, 7> kAxes{"step",    "tokens",   "flops",  "parameters",
                                                "epsilon", "severity", "seconds"};
constexpr std::array<std::string_view, 3> kDirections{"none", "rise", "fall"};
constexpr std::array<std::string_view, 7> kEventKinds{"shift",   "spike",     "trend", "variance",
                                                      "outlier", "nonfinite", "gap"};
constexpr std::array<std::string_view, 6> kTransitionKinds{"none",  "rise",     "fall",
                                                           "spike", "collapse", "bend"};
constexpr std::array<std::string_view, 7> kModels{
    "constant", "power_law", "sigmoid", "jump", "kink", "rise_and_collapse", "bnsl"};
constexpr std::array<std::string_view, 3> kStatuses{"ok", "abstained", "already_past"};

template <class Enum, std::size_t N>
Enum from_word(const Json& json, std::string_view key,
               const std::array<std::string_view, N>& words) {
  const std::string text = required_text(json, key);
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == text) return static_cast<Enum>(i);
  }
  throw DataError(fmt::format("\"{}\": unknown word \"{}\"", key, text));
}

template <class T>
Json optional_record(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <class T>
std::optional<T> read_optional(const Json& json, std::string_view key) {
  const auto found = json.find(std::string(key));
  if (found == json.end() || found->is_null()) return std::nullopt;
  T value;
  from_json(*found, value);
  return value;
}

template <class T>
std::vector<T> read_list(const Json& json, std::string_view key) {
  std::vector<T> list;
  const auto found = json.find(std::string(key));
  if (found == json.end() || found->is_null()) return list;
  if (!found->is_array()) throw DataError(fmt::format("\"{}\" must be a list", key));
  for (const Json& item : *found) from_json(item, list.emplace_back());
  return list;
}

void require_object(const Json& json, std::string_view record) {
  if (!json.is_object()) throw DataError(fmt::format("{}: a JSON object is needed", record));
}

}  // namespace

std::string_view word(Axis axis) noexcept { return kAxes[static_cast<std::size_t>(axis)]; }
std::string_view word(Direction value) noexcept {
  return kDirections[static_cast<std::size_t>(value)];
}
std::string_view word(EventKind kind) noexcept {
  return kEventKinds[static_cast<std::size_t>(kind)];
}
std::string_view word(TransitionKind kind) noexcept {
  return kTransitionKinds[static_cast<std::size_t>(kind)];
}
std::string_view word(TransitionModel model) noexcept {
  return kModels[static_cast<std::size_t>(model)];
}
std::string_view word(ForecastStatus value) noexcept {
  return kStatuses[static_cast<std::size_t>(value)];
}

Axis axis_from_word(std::string_view word) {
  return from_word<Axis>(Json{{"axis", word}}, "axis", kAxes);
}

void to_json(Json& json, const Interval& interval) {
  json = Json{{"low", number_or_null(interval.low)},
              {"estimate", number_or_null(interval.estimate)},
              {"high", number_or_null(interval.high)},
              {"level", interval.level}};
}

void from_json(const Json& json, Interval& interval) {
  require_object(json, "interval");
  const double inf = HUGE_VAL;  // An open end is written as null.
  interval = {optional_number(json, "low").value_or(-inf), required_number(json, "estimate"),
              optional_number(json, "high").value_or(inf), required_number(json, "level")};
}

void to_json(Json& json, const Share& share) {
  json = Json{{"name", share.name},
              {"share", number_or_null(share.share)},
              {"deviation", number_or_null(share.deviation)}};
}

void from_json(const Json& json, Share& share) {
  require_object(json, "share");
  share = {required_text(json, "name"), required_number(json, "share"),
           optional_number(json, "deviation")};
}

void to_json(Json& json, const Event& event) {
  json = Json{{"run", event.run},
              {"signal", event.signal},
              {"position", event.position},
              {"axis", word(event.axis)},
              {"detector", event.detector},
              {"policy", event.policy},
              {"score", number_or_null(event.score)},
              {"p_value", number_or_null(event.p_value)},
              {"direction", word(event.direction)},
              {"onset", optional_record(event.onset)},
              {"kind", word(event.kind)},
              {"shares", event.shares.empty() ? Json(nullptr) : Json(event.shares)},
              {"before", number_or_null(event.before)},
              {"after", number_or_null(event.after)}};
}

void from_json(const Json& json, Event& event) {
  require_object(json, "event");
  event.run = text_or_empty(json, "run");
  event.signal = required_text(json, "signal");
  event.position = required_number(json, "position");
  event.axis = json.contains("axis") ? from_word<Axis>(json, "axis", kAxes) : Axis::step;
  event.detector = text_or_empty(json, "detector");
  event.policy = text_or_empty(json, "policy");
  event.score = optional_number(json, "score");
  event.p_value = optional_number(json, "p_value");
  event.direction = from_word<Direction>(json, "direction", kDirections);
  event.onset = read_optional<Interval>(json, "onset");
  event.kind = from_word<EventKind>(json, "kind", kEventKinds);
  event.shares = read_list<Share>(json, "shares");
  event.before = optional_number(json, "before");
  event.after = optional_number(json, "after");
}

void to_json(Json& json, const Precursor& precursor) {
  json = Json{{"signal", precursor.signal},
              {"indicator", precursor.indicator},
              {"tau", number_or_null(precursor.tau)},
              {"p_value", number_or_null(precursor.p_value)},
              {"q_value", number_or_null(precursor.q_value)}};
}

void from_json(const Json& json, Precursor& precursor) {
  require_object(json, "precursor");
  precursor = {required_text(json, "signal"), required_text(json, "indicator"),
               optional_number(json, "tau").value_or(std::nan("")),
               optional_number(json, "p_value").value_or(std::nan("")),
               optional_number(json, "q_value")};
}

void to_json(Json& json, const Transition& transition) {
  json = Json{{"order_parameter", transition.order_parameter},
              {"control_parameter", transition.control_parameter},
              {"kind", word(transition.kind)},
              {"model", word(transition.model)},
              {"onset", optional_record(transition.onset)},
              {"width", number_or_null(transition.width)},
              {"sharpness", number_or_null(transition.sharpness)},
              {"size", number_or_null(transition.size)},
              {"before", number_or_null(transition.before)},
              {"after", number_or_null(transition.after)},
              {"ended", number_or_null(transition.ended)},
              {"slope_before", number_or_null(transition.slope_before)},
              {"slope_after", number_or_null(transition.slope_after)},
              {"direction", word(transition.direction)},
              {"evidence",
               {{"bic_gain", number_or_null(transition.evidence.bic_gain)},
                {"p_value", number_or_null(transition.evidence.p_value)},
                {"q_value", number_or_null(transition.evidence.q_value)}}},
              {"mirage", nullptr},
              {"precursors", transition.precursors}};
  if (transition.mirage) {
    json["mirage"] = Json{{"verdict", transition.mirage->verdict},
                          {"metric", transition.mirage->metric},
                          {"evidence", number_or_null(transition.mirage->evidence)}};
  }
}

void from_json(const Json& json, Transition& transition) {
  require_object(json, "transition");
  transition.order_parameter = required_text(json, "order_parameter");
  transition.control_parameter = required_text(json, "control_parameter");
  transition.kind = from_word<TransitionKind>(json, "kind", kTransitionKinds);
  transition.model = from_word<TransitionModel>(json, "model", kModels);
  transition.onset = read_optional<Interval>(json, "onset");
  transition.width = optional_number(json, "width");
  transition.sharpness = optional_number(json, "sharpness");
  transition.size = optional_number(json, "size");
  transition.before = optional_number(json, "before");
  transition.after = optional_number(json, "after");
  transition.ended = optional_number(json, "ended");
  transition.slope_before = optional_number(json, "slope_before");
  transition.slope_after = optional_number(json, "slope_after");
  transition.direction = from_word<Direction>(json, "direction", kDirections);
  transition.evidence = {};
  if (const auto found = json.find("evidence"); found != json.end() && found->is_object()) {
    transition.evidence = {optional_number(*found, "bic_gain"), optional_number(*found, "p_value"),
                           optional_number(*found, "q_value")};
  }
  transition.mirage.reset();
  if (const auto found = json.find("mirage"); found != json.end() && found->is_object()) {
    transition.mirage = Mirage{text_or_empty(*found, "verdict"), text_or_empty(*found, "metric"),
                               optional_number(*found, "evidence")};
  }
  transition.precursors = read_list<Precursor>(json, "precursors");
}

void to_json(Json& json, const Contribution& contribution) {
  json = Json{{"factor", contribution.factor},
              {"value", number_or_null(contribution.value)},
              {"phi", number_or_null(contribution.phi)},
              {"interval", optional_record(contribution.interval)}};
}

void from_json(const Json& json, Contribution& contribution) {
  require_object(json, "contribution");
  contribution = {required_text(json, "factor"), optional_number(json, "value"),
                  required_number(json, "phi"), read_optional<Interval>(json, "interval")};
}

void to_json(Json& json, const PairContribution& pair) {
  json = Json{{"a", pair.a}, {"b", pair.b}, {"phi", pair.phi}};
}

void from_json(const Json& json, PairContribution& pair) {
  require_object(json, "pair of factors");
  pair = {required_text(json, "a"), required_text(json, "b"), required_number(json, "phi")};
}

void to_json(Json& json, const Attribution& attribution) {
  json = Json{{"target", attribution.target},
              {"scale", attribution.scale},
              {"base", number_or_null(attribution.base)},
              {"contributions", attribution.contributions},
              {"interactions", attribution.interactions},
              {"method", attribution.method}};
}

void from_json(const Json& json, Attribution& attribution) {
  require_object(json, "attribution");
  attribution.target = required_text(json, "target");
  attribution.scale = required_text(json, "scale");
  attribution.base = required_number(json, "base");
  attribution.contributions = read_list<Contribution>(json, "contributions");
  attribution.interactions = read_list<PairContribution>(json, "interactions");
  attribution.method = text_or_empty(json, "method");
}

void to_json(Json& json, const Forecast& forecast) {
  json = Json{{"run", forecast.run},
              {"target", forecast.target},
              {"at", forecast.at},
              {"deadline", number_or_null(forecast.deadline)},
              {"probability", optional_record(forecast.probability)},
              {"onset", optional_record(forecast.onset)},
              {"predictor", forecast.predictor},
              {"status", word(forecast.status)},
              {"reason", forecast.reason ? Json(*forecast.reason) : Json(nullptr)},
              {"attribution", optional_record(forecast.attribution)}};
}

void from_json(const Json& json, Forecast& forecast) {
  require_object(json, "forecast");
  forecast.run = text_or_empty(json, "run");
  forecast.target = required_text(json, "target");
  forecast.at = required_number(json, "at");
  forecast.deadline = optional_number(json, "deadline");
  forecast.probability = read_optional<Interval>(json, "probability");
  forecast.onset = read_optional<Interval>(json, "onset");
  forecast.predictor = text_or_empty(json, "predictor");
  forecast.status = from_word<ForecastStatus>(json, "status", kStatuses);
  forecast.reason.reset();
  if (const std::string reason = text_or_empty(json, "reason"); !reason.empty()) {
    forecast.reason = reason;
  }
  forecast.attribution = read_optional<Attribution>(json, "attribution");
}

void to_json(Json& json, const StressCurve& curve) {
  Json points = Json::array();
  for (const auto& point : curve.points) {
    points.push_back({{"position", point.position},
                      {"value", point.value},
                      {"certified", number_or_null(point.certified)},
                      {"attacked", number_or_null(point.attacked)}});
  }
  json = Json{{"order_parameter", curve.order_parameter},
              {"control_parameter", curve.control_parameter},
              {"points", std::move(points)},
              {"settings", curve.settings},
              {"ledger", curve.ledger}};
}

void from_json(const Json& json, StressCurve& curve) {
  require_object(json, "stress curve");
  curve.order_parameter = required_text(json, "order_parameter");
  curve.control_parameter = required_text(json, "control_parameter");
  curve.points.clear();
  const auto points = json.find("points");
  if (points == json.end() || !points->is_array()) throw DataError("\"points\" must be a list");
  for (const Json& item : *points) {
    StressCurve::Point point{required_number(item, "position"),
                             {},
                             optional_number(item, "certified"),
                             optional_number(item, "attacked")};
    if (!item.contains("value")) throw DataError("\"value\" is missing from a point");
    from_json(item["value"], point.value);
    curve.points.push_back(point);
  }
  curve.settings = json.value("settings", Json::object());
  curve.ledger = json.value("ledger", Json::object());
}

}  // namespace emdyn::series
