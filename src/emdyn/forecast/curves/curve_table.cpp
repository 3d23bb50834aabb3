#include "emdyn/forecast/curves/curve_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/curves/curve_table_data.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::forecast {
namespace {

// Scores beyond the outermost level are drawn no farther out than this: nothing is known there.
constexpr double kMostScore = 2.8;

const std::array<double, kResidualLevels.size()>& level_scores() {
  static const auto scores = [] {
    std::array<double, kResidualLevels.size()> z{};
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = math::normal_quantile(kResidualLevels[i]);
    return z;
  }();
  return scores;
}

double quantile_of_score(const ResidualQuantiles& quantiles, double z) noexcept {
  const auto& scores = level_scores();
  z = std::clamp(z, -kMostScore, kMostScore);
  std::size_t i = 1;
  while (i + 1 < scores.size() && scores[i] < z) ++i;
  const double share = (z - scores[i - 1]) / (scores[i] - scores[i - 1]);
  return quantiles[i - 1] + share * (quantiles[i] - quantiles[i - 1]);
}

/// The two entries of kHorizons around h and the share of the second.
std::pair<std::size_t, double> between_horizons(double h) noexcept {
  if (!(h > kHorizons.front())) return {0, 0.0};
  if (h >= kHorizons.back()) return {kHorizons.size() - 2, 1.0};
  std::size_t i = 0;
  while (kHorizons[i + 1] < h) ++i;
  return {i, std::log(h / kHorizons[i]) / std::log(kHorizons[i + 1] / kHorizons[i])};
}

double significant(double value) {
  if (value == 0.0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10.0, 3.0 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

template <std::size_t N>
Json numbers(const std::array<double, N>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(significant(value));
  return list;
}

template <std::size_t N>
std::array<double, N> read_numbers(const Json& json, std::string_view what) {
  if (!json.is_array() || json.size() != N)
    throw DataError(fmt::format("table of curves: \"{}\" must hold {} numbers", what, N));
  std::array<double, N> values{};
  for (std::size_t i = 0; i < N; ++i) {
    if (!json[i].is_number())
      throw DataError(fmt::format("table of curves: \"{}\" must hold numbers", what));
    values[i] = json[i].template get<double>();
  }
  return values;
}

const Json& member_of(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name))
    throw DataError(fmt::format("table of curves: \"{}\" is missing", name));
  return json[name];
}

Json families_json(const std::vector<ResidualFamily>& families) {
  Json list = Json::array();
  for (const ResidualFamily& family : families) {
    Json rows = Json::array();
    for (const ResidualQuantiles& each : family.quantiles) rows.push_back(numbers(each));
    list.push_back(
        {{"name", family.name}, {"forecasts", family.forecasts}, {"quantiles", std::move(rows)}});
  }
  return list;
}

std::vector<ResidualFamily> read_families(const Json& json) {
  std::vector<ResidualFamily> families;
  for (const Json& each : json) {
    ResidualFamily family;
    family.name = member_of(each, "name").get<std::string>();
    family.forecasts = member_of(each, "forecasts").get<std::size_t>();
    const Json& rows = member_of(each, "quantiles");
    if (!rows.is_array() || rows.size() != kHorizons.size())
      throw DataError("table of curves: \"quantiles\" must hold a row for each horizon");
    for (std::size_t b = 0; b < kHorizons.size(); ++b)
      family.quantiles[b] = read_numbers<kResidualLevels.size()>(rows[b], "quantiles");
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace

double residual_at(const ResidualFamily& family, double h, double z) noexcept {
  const auto [b, share] = between_horizons(h);
  const double a = quantile_of_score(family.quantiles[b], z);
  if (share == 0.0) return a;
  return a + share * (quantile_of_score(family.quantiles[b + 1], z) - a);
}

ResidualQuantiles residual_quantiles(std::vector<double> residuals) {
  std::ranges::sort(residuals);
  const auto n = static_cast<double>(residuals.size());
  ResidualQuantiles quantiles{};
  for (std::size_t i = 0; i < quantiles.size(); ++i) {
    const double place = std::clamp(kResidualLevels[i] * (n + 1.0) - 1.0, 0.0, n - 1.0);
    const auto k = static_cast<std::size_t>(place);
    const double next = residuals[std::min(k + 1, residuals.size() - 1)];
    quantiles[i] = residuals[k] + (place - static_cast<double>(k)) * (next - residuals[k]);
  }
  return quantiles;
}

ResidualFamily pool(std::span<const ResidualFamily> families) {
  ResidualFamily pooled;
  pooled.name = "all";
  if (families.empty()) return pooled;
  // The mixture's distribution function is inverted over what each family's quantiles are.
  constexpr std::size_t kPoints = 100;
  for (std::size_t b = 0; b < kHorizons.size(); ++b) {
    std::vector<double> values;
    values.reserve(kPoints * families.size());
    for (std::size_t k = 0; k < kPoints; ++k) {
      const double z = math::normal_quantile((static_cast<double>(k) + 0.5) / kPoints);
      for (const ResidualFamily& family : families)
        values.push_back(quantile_of_score(family.quantiles[b], z));
    }
    pooled.quantiles[b] = residual_quantiles(std::move(values));
  }
  for (const ResidualFamily& family : families) pooled.forecasts += family.forecasts;
  return pooled;
}

CurveTable CurveTable::without(std::string_view family) const {
  CurveTable rest = *this;
  const auto is_it = [&](const ResidualFamily& each) { return each.name == family; };
  std::erase_if(rest.families, is_it);
  std::erase_if(rest.persistence, is_it);
  rest.pooled = pool(rest.families);
  return rest;
}

Json curve_table_json(const CurveTable& table) {
  Json skill = Json::object();
  for (std::size_t m = 0; m < kCurveMembers; ++m)
    skill[std::string(word(static_cast<CurveMember>(m)))] = numbers(table.skill[m]);
  Json events = Json::array();
  for (const CurveEventRate& event : table.events) {
    events.push_back(
        {{"name", event.name}, {"rate", numbers(event.rate)}, {"by_paths", event.by_paths}});
  }
  return Json{{"horizons", numbers(kHorizons)},
              {"levels", numbers(kResidualLevels)},
              {"skill", std::move(skill)},
              {"families", families_json(table.families)},
              {"persistence", families_json(table.persistence)},
              {"events", std::move(events)},
              {"spikes", {{"shape", table.spikes.shape}, {"records", table.spikes.records}}},
              {"provenance", table.provenance}};
}

CurveTable curve_table_from_json(const Json& json) {
  CurveTable table;
  if (read_numbers<kHorizons.size()>(member_of(json, "horizons"), "horizons") != kHorizons)
    throw DataError("table of curves: its horizons are those of another version; make it again");
  const Json& skill = member_of(json, "skill");
  for (std::size_t m = 0; m < kCurveMembers; ++m) {
    const std::string name(word(static_cast<CurveMember>(m)));
    table.skill[m] = read_numbers<kHorizons.size()>(member_of(skill, name.c_str()), name);
  }
  table.families = read_families(member_of(json, "families"));
  table.pooled = pool(table.families);
  table.persistence = read_families(member_of(json, "persistence"));
  for (const Json& each : member_of(json, "events")) {
    table.events.push_back({member_of(each, "name").get<std::string>(),
                            read_numbers<kHorizons.size()>(member_of(each, "rate"), "rate"),
                            member_of(each, "by_paths").get<bool>()});
  }
  const Json& spikes = member_of(json, "spikes");
  table.spikes.shape = member_of(spikes, "shape").get<double>();
  table.spikes.records = member_of(spikes, "records").get<double>();
  if (!(table.spikes.shape > 0.0 && table.spikes.records > 0.0))
    throw DataError("table of curves: the prior of spikes must be > 0");
  table.provenance = member_of(json, "provenance");
  return table;
}

const CurveTable& builtin_curve_table() {
  static const CurveTable table = [] {
    const std::string_view text = curve_table_data();
    if (text.empty()) {
      throw UnavailableError(
          "this build has no table of curves; make predictors/curves.json with scripts/curves.sh");
    }
    return curve_table_from_json(parse_json(text, "predictors/curves.json"));
  }();
  return table;
}

}  // namespace emdyn::forecast
