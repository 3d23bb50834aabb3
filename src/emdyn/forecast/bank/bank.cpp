#include "emdyn/forecast/bank/bank.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/gzip.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/features/history.hpp"

namespace emdyn::forecast {
namespace {

constexpr std::string_view kSchema = "emdyn-bank-1";
constexpr std::size_t kLargestBank = 256u << 20;

double rounded(double value) {
  return std::isfinite(value) ? *parse_double(fmt::format("{:.5g}", value)) : value;
}

std::string_view word(OutcomeKind kind) {
  constexpr std::string_view kWords[] = {"reached", "not_reached", "censored"};
  return kWords[static_cast<std::size_t>(kind)];
}

OutcomeKind outcome_from_word(std::string_view text) {
  for (const auto kind : {OutcomeKind::reached, OutcomeKind::not_reached, OutcomeKind::censored}) {
    if (word(kind) == text) return kind;
  }
  throw DataError(fmt::format("bank: unknown outcome \"{}\"", text));
}

// Json prints the shortest digits that read back to the same number, so rounded values stay short.
Json run_json(const BankRun& run) {
  Json json{{"id", run.id},
            {"group", run.group},
            {"configuration", run.configuration},
            {"deadline", run.deadline},
            {"chance", run.chance},
            {"outcome", word(run.outcome.kind)},
            {"reached_at", number_or_null(run.outcome.reached_at)},
            {"confirmed_at", number_or_null(run.outcome.confirmed_at)},
            {"onset", run.onset ? Json(*run.onset) : Json(nullptr)},
            {"at", run.at},
            {"accuracy", run.accuracy}};
  Json rows = Json::array();
  for (const double value : run.rows.values) rows.push_back(number_or_null(value));
  json["rows"] = std::move(rows);
  return json;
}

std::vector<double> numbers(const Json& json, std::string_view key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) {
    throw DataError(fmt::format("bank: {} is missing or no list", key));
  }
  std::vector<double> values;
  for (const Json& value : *found) {
    if (!value.is_number() && !value.is_null()) {
      throw DataError(fmt::format("bank: {} holds something that is no number", key));
    }
    values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                     : value.get<double>());
  }
  return values;
}

BankRun run_from_json(const Json& json, std::size_t columns) {
  BankRun run;
  run.id = required_text(json, "id");
  run.group = required_text(json, "group");
  run.configuration = json.value("configuration", Json::object());
  run.deadline = required_number(json, "deadline");
  run.chance = required_number(json, "chance");
  run.outcome.kind = outcome_from_word(required_text(json, "outcome"));
  run.outcome.reached_at = optional_number(json, "reached_at");
  run.outcome.confirmed_at = optional_number(json, "confirmed_at");
  if (const auto onset = json.find("onset"); onset != json.end() && !onset->is_null()) {
    run.onset.emplace();
    series::from_json(*onset, *run.onset);
  }
  run.at = numbers(json, "at");
  run.accuracy = numbers(json, "accuracy");
  run.rows = FeatureTable{columns, numbers(json, "rows")};
  if (run.rows.values.size() != run.at.size() * columns || run.accuracy.size() != run.at.size()) {
    throw DataError(fmt::format("bank: run {} has {} numbers for {} prefixes of {} features",
                                terminal_safe(run.id), run.rows.values.size(), run.at.size(),
                                columns));
  }
  return run;
}

}  // namespace

std::string group_of(const Json& configuration) {
  Json rest = configuration;
  rest.erase("seed");
  return json_text(rest);
}

BankRun summarise(const series::Run& run, const Bank& bank, double deadline, double chance,
                  const std::optional<series::Interval>& onset, const series::RoleChoices& roles) {
  const series::Signal* accuracy = series::find_role(run, series::Role::test_accuracy, roles);
  if (accuracy == nullptr) {
    throw DataError(series::missing_role_message(run, series::Role::test_accuracy));
  }
  Target target = bank.target;
  target.deadline = deadline;
  BankRun result{run.info.id,
                 group_of(run.info.configuration),
                 run.info.configuration,
                 deadline,
                 chance,
                 outcome(*accuracy, target),
                 onset,
                 {},
                 {},
                 FeatureTable{bank.features.size(), {}}};
  const History points = history(*accuracy, deadline, NonFinite::drop);
  const auto last = accuracy->last_positions();
  for (const double at : forecast_positions(deadline)) {
    if (result.outcome.reached_at && at >= *result.outcome.reached_at) break;
    if (last.empty() || at > last.back()) break;
    const PrefixFeatures features = prefix_features(run, at, deadline, FeatureSet::grokking, roles);
    if (!features.missing.empty()) continue;
    const auto after = std::ranges::upper_bound(points.positions, at);
    const auto index = after - points.positions.begin() - 1;
    result.at.push_back(at);
    result.accuracy.push_back(rounded(points.values[static_cast<std::size_t>(index)]));
    for (const double value : features.values) result.rows.values.push_back(rounded(value));
  }
  return result;
}

void write_bank(const std::filesystem::path& path, Bank bank) {
  std::ranges::sort(bank.runs, {}, &BankRun::id);
  std::string text = json_text(Json{{"schema", kSchema},
                                    {"level", bank.target.level},
                                    {"hold_share", bank.target.hold_share},
                                    {"hold_records", bank.target.hold_records},
                                    {"features", bank.features}}) +
                     "\n";
  for (const BankRun& run : bank.runs) text += json_text(run_json(run)) + "\n";
  write_gzip(path, text);
}

Bank read_bank(const std::filesystem::path& path) {
  std::istringstream lines(read_gzip(path, kLargestBank));
  std::string line;
  std::getline(lines, line);
  const Json header = parse_json(line, path.string());
  if (text_or_empty(header, "schema") != kSchema) {
    throw DataError(fmt::format("{}: no bank of schema {}", path.string(), kSchema));
  }
  Bank bank;
  bank.target.level = required_number(header, "level");
  bank.target.hold_share = required_number(header, "hold_share");
  bank.target.hold_records = static_cast<int>(required_number(header, "hold_records"));
  bank.features.clear();
  const auto names = header.find("features");
  if (names == header.end() || !names->is_array()) {
    throw DataError(fmt::format("{}: the bank lists no features", path.string()));
  }
  for (const Json& name : *names) {
    bank.features.emplace_back(name.is_string() ? feature_spec(name.get<std::string>()).name
                                                : std::string_view{});
  }
  while (std::getline(lines, line)) {
    if (line.empty()) continue;
    bank.runs.push_back(run_from_json(parse_json(line, path.string()), bank.features.size()));
  }
  return bank;
}

}  // namespace emdyn::forecast
