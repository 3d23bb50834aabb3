#include "emdyn/series/interaction.hpp"

#include "emdyn/core/error.hpp"

namespace emdyn::series {

void to_json(Json& json, const Interaction& interaction) {
  const bool compared = interaction.null.p_value.has_value();
  json = Json{{"parts", interaction.parts},
              {"measure", interaction.measure},
              {"value", interaction.value},
              {"unit", interaction.unit},
              {"null", nullptr},
              {"estimator", interaction.estimator}};
  if (compared) {
    json["null"] = Json{{"p_value", number_or_null(interaction.null.p_value)},
                        {"kind", interaction.null.kind}};
  }
}

void from_json(const Json& json, Interaction& interaction) {
  if (!json.is_object()) throw DataError("interaction: a JSON object is needed");
  const auto parts = json.find("parts");
  if (parts == json.end() || !parts->is_array()) throw DataError("\"parts\" must be a list");
  interaction.parts.clear();
  for (const Json& part : *parts) {
    if (!part.is_string()) throw DataError("\"parts\" must be a list of names");
    interaction.parts.push_back(part.get<std::string>());
  }
  interaction.measure = required_text(json, "measure");
  if (!json.contains("value")) throw DataError("\"value\" is missing from an interaction");
  from_json(json["value"], interaction.value);
  interaction.unit = required_text(json, "unit");
  interaction.null = {};
  if (const auto null = json.find("null"); null != json.end() && null->is_object()) {
    interaction.null = {optional_number(*null, "p_value"), text_or_empty(*null, "kind")};
  }
  interaction.estimator = text_or_empty(json, "estimator");
}

}  // namespace emdyn::series
