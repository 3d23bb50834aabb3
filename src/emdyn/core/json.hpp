#pragma once
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace emdyn {

/// JSON with its keys in the order they were written.
using Json = nlohmann::ordered_json;

/// One line of JSON (or indented by `indent`). Bytes that are no UTF-8 are replaced, never thrown
/// on; NaN and infinities become null.
inline std::string json_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// Parses text that may be hostile. `what` names the source in the error.
/// @throws DataError when the text is no JSON.
Json parse_json(std::string_view text, std::string_view what);

/// null for an absent or non-finite number.
inline Json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

/// The number under `key`, or nothing where it is absent or null.
std::optional<double> optional_number(const Json& object, std::string_view key);

/// A required member. @throws DataError naming the key when absent or of another type.
double required_number(const Json& object, std::string_view key);
std::string required_text(const Json& object, std::string_view key);

/// An optional text, "" when absent or null.
std::string text_or_empty(const Json& object, std::string_view key);

}  // namespace emdyn
