#include "emdyn/core/json.hpp"

#include <fmt/format.h>

#include "emdyn/core/error.hpp"

namespace emdyn {
namespace {

const Json* member(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(key));
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view what) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw DataError(fmt::format("{}: not valid JSON ({})", what, error.what()));
  }
}

std::optional<double> optional_number(const Json& object, std::string_view key) {
  const Json* found = member(object, key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number()) throw DataError(fmt::format("\"{}\" must be a number or null", key));
  return found->get<double>();
}

double required_number(const Json& object, std::string_view key) {
  const auto found = optional_number(object, key);
  if (!found) throw DataError(fmt::format("\"{}\" is missing; a number is needed", key));
  return *found;
}

std::string required_text(const Json& object, std::string_view key) {
  const Json* found = member(object, key);
  if (found == nullptr || !found->is_string()) {
    throw DataError(fmt::format("\"{}\" is missing; a text is needed", key));
  }
  return found->get<std::string>();
}

std::string text_or_empty(const Json& object, std::string_view key) {
  const Json* found = member(object, key);
  if (found == nullptr) return {};
  if (!found->is_string()) throw DataError(fmt::format("\"{}\" must be a text or null", key));
  return found->get<std::string>();
}

}  // namespace emdyn
