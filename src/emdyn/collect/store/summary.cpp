#include "emdyn/collect/store/summary.hpp"

#include <array>

#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

constexpr std::array<std::string_view, 4> kKinds{"event", "transition", "forecast", "attribution"};

std::uint64_t count_of(const Json& json, std::string_view key) {
  const double number = required_number(json, key);
  if (!(number >= 0.0 && number < 9e15)) {
    throw DataError("\"" + std::string(key) + "\" must be a count");
  }
  return static_cast<std::uint64_t>(number);
}

Json object_or_empty(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : Json::object();
}

}  // namespace

std::string_view word(RecordKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

void to_json(Json& json, const SignalSummary& summary) {
  json = Json{{"name", summary.name},
              {"axis", word(summary.axis)},
              {"points", summary.points},
              {"segments", summary.segments},
              {"nonfinite", summary.nonfinite},
              {"has_seconds", summary.has_seconds},
              {"first_position", number_or_null(summary.first_position)},
              {"last_position", number_or_null(summary.last_position)},
              {"min", number_or_null(summary.min)},
              {"max", number_or_null(summary.max)},
              {"last_value", number_or_null(summary.last_value)}};
}

void to_json(Json& json, const RunSummary& summary) {
  const series::RunInfo& info = summary.info;
  json = Json{{"id", info.id},
              {"name", info.name},
              {"status", word(info.status)},
              {"created", info.created},
              {"signals", summary.signals},
              {"points", summary.points},
              {"nonfinite", summary.nonfinite},
              {"last_position", number_or_null(summary.last_position)},
              {"events", summary.events},
              {"transitions", summary.transitions},
              {"forecasts", summary.forecasts},
              {"attributions", summary.attributions},
              {"tags", info.tags},
              {"source", info.source},
              {"seed", info.seed ? Json(*info.seed) : Json(nullptr)},
              {"code_version", info.code_version},
              {"configuration", info.configuration},
              {"machine", info.machine},
              {"notes", info.notes},
              {"progress", summary.progress}};
}

void from_json(const Json& json, RunSummary& summary) {
  series::RunInfo& info = summary.info;
  info.id = required_text(json, "id");
  info.name = required_text(json, "name");
  info.status = series::run_status_from_word(required_text(json, "status"));
  info.created = required_number(json, "created");
  info.source = text_or_empty(json, "source");
  info.code_version = text_or_empty(json, "code_version");
  info.configuration = object_or_empty(json, "configuration");
  info.machine = object_or_empty(json, "machine");
  info.notes = object_or_empty(json, "notes");
  info.seed.reset();
  if (const auto seed = json.find("seed"); seed != json.end() && seed->is_number_unsigned()) {
    info.seed = seed->get<std::uint64_t>();
  }
  info.tags.clear();
  if (const auto tags = json.find("tags"); tags != json.end() && tags->is_array()) {
    for (const Json& tag : *tags) {
      if (tag.is_string()) info.tags.push_back(tag.get<std::string>());
    }
  }
  summary.signals = count_of(json, "signals");
  summary.points = count_of(json, "points");
  summary.nonfinite = count_of(json, "nonfinite");
  summary.last_position = optional_number(json, "last_position");
  summary.events = count_of(json, "events");
  summary.transitions = count_of(json, "transitions");
  summary.forecasts = count_of(json, "forecasts");
  summary.attributions = count_of(json, "attributions");
  const auto progress = json.find("progress");
  summary.progress = progress == json.end() ? Json() : *progress;
}

}  // namespace emdyn::collect::store
