#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "emdyn/core/json.hpp"

namespace emdyn {

/// Settings as a user writes them: name to text.
using Params = std::map<std::string, std::string, std::less<>>;

/// How to read and write one enumeration of a Config by its words.
template <class Config>
struct EnumMember {
  std::span<const std::string_view> words;
  std::size_t (*get)(const Config&);
  void (*set)(Config&, std::size_t);
};

/// One setting of a Config: a number, an integer, a boolean or an enumeration. The table of a
/// Config's fields drives parsing, range checks, help, docs and the web form.
template <class Config>
struct Field {
  std::string_view name;
  std::variant<double Config::*, std::int64_t Config::*, bool Config::*, EnumMember<Config>> member;
  double low = -std::numeric_limits<double>::max();  ///< Smallest allowed number, itself allowed.
  double high = std::numeric_limits<double>::max();  ///< Largest allowed number, itself allowed.
  std::string_view help;
};

/// A field for `enum class` members; `kWords[i]` is the word of the enumerator with value i.
template <auto kMember, class Config>
constexpr Field<Config> enum_field(std::string_view name, std::span<const std::string_view> words,
                                   std::string_view help) {
  return {name,
          EnumMember<Config>{
              words, [](const Config& config) { return static_cast<std::size_t>(config.*kMember); },
              [](Config& config, std::size_t index) {
                using Enum = std::remove_reference_t<decltype(config.*kMember)>;
                config.*kMember = static_cast<Enum>(index);
              }},
          0.0, 0.0, help};
}

namespace field_detail {
double parse_number(std::string_view label, std::string_view text, double low, double high);
std::int64_t parse_integer(std::string_view label, std::string_view text, double low, double high);
bool parse_boolean(std::string_view label, std::string_view text);
std::size_t parse_word(std::string_view label, std::string_view text,
                       std::span<const std::string_view> words);
[[noreturn]] void unknown_field(std::string_view owner, std::string_view name,
                                std::span<const std::string_view> known);
/// Throws ConfigError unless low <= value <= high; NaN is refused.
void check_range(std::string_view label, double value, double low, double high);
std::string label(std::string_view owner, std::string_view name);
}  // namespace field_detail

/// Sets one field from text. @throws ConfigError naming `owner.name`, the range and the value.
template <class Config>
void set_field(std::string_view owner, const Field<Config>& field, Config& config,
               std::string_view text) {
  namespace d = field_detail;
  const std::string label = d::label(owner, field.name);
  if (auto* number = std::get_if<double Config::*>(&field.member)) {
    config.** number = d::parse_number(label, text, field.low, field.high);
  } else if (auto* integer = std::get_if<std::int64_t Config::*>(&field.member)) {
    config.** integer = d::parse_integer(label, text, field.low, field.high);
  } else if (auto* flag = std::get_if<bool Config::*>(&field.member)) {
    config.** flag = d::parse_boolean(label, text);
  } else {
    const auto& words = std::get<EnumMember<Config>>(field.member);
    words.set(config, d::parse_word(label, text, words.words));
  }
}

/// Overwrites the named fields of `config`.
/// @throws ConfigError for an unknown name, a value of the wrong type or out of range.
template <class Config, std::size_t N>
void apply_params(std::string_view owner, const std::array<Field<Config>, N>& fields,
                  const Params& params, Config& config) {
  for (const auto& [name, text] : params) {
    const Field<Config>* found = nullptr;
    for (const auto& field : fields) {
      if (field.name == name) found = &field;
    }
    if (found == nullptr) {
      std::array<std::string_view, N> known;
      for (std::size_t i = 0; i < N; ++i) known[i] = fields[i].name;
      field_detail::unknown_field(owner, name, known);
    }
    set_field(owner, *found, config, text);
  }
}

/// Checks the range of every numeric field; for constructors that take a Config made by hand.
template <class Config, std::size_t N>
const Config& checked(std::string_view owner, const std::array<Field<Config>, N>& fields,
                      const Config& config) {
  for (const auto& field : fields) {
    if (auto* number = std::get_if<double Config::*>(&field.member)) {
      field_detail::check_range(field_detail::label(owner, field.name), config.**number, field.low,
                                field.high);
    } else if (auto* integer = std::get_if<std::int64_t Config::*>(&field.member)) {
      field_detail::check_range(field_detail::label(owner, field.name),
                                static_cast<double>(config.**integer), field.low, field.high);
    }
  }
  return config;
}

/// The value of one field.
template <class Config>
Json field_value(const Field<Config>& field, const Config& config) {
  if (auto* number = std::get_if<double Config::*>(&field.member)) return config.**number;
  if (auto* integer = std::get_if<std::int64_t Config::*>(&field.member)) return config.**integer;
  if (auto* flag = std::get_if<bool Config::*>(&field.member)) return config.**flag;
  const auto& words = std::get<EnumMember<Config>>(field.member);
  return words.words[words.get(config)];
}

/// Every field of a config, by name.
template <class Config, std::size_t N>
Json config_json(const std::array<Field<Config>, N>& fields, const Config& config) {
  Json json = Json::object();
  for (const auto& field : fields) json[std::string(field.name)] = field_value(field, config);
  return json;
}

/// Names, types, ranges, defaults and help of every field, for `--list --json`, docs and forms.
template <class Config, std::size_t N>
Json describe_fields(const std::array<Field<Config>, N>& fields) {
  Json list = Json::array();
  for (const auto& field : fields) {
    Json row{{"name", field.name}, {"help", field.help}, {"default", field_value(field, Config{})}};
    if (const auto* words = std::get_if<EnumMember<Config>>(&field.member)) {
      row["type"] = "choice";
      row["choices"] = std::vector<std::string_view>(words->words.begin(), words->words.end());
    } else if (std::holds_alternative<bool Config::*>(field.member)) {
      row["type"] = "boolean";
    } else {
      row["type"] = std::holds_alternative<double Config::*>(field.member) ? "number" : "integer";
      row["low"] = field.low;
      row["high"] = field.high;
    }
    list.push_back(std::move(row));
  }
  return list;
}

}  // namespace emdyn
