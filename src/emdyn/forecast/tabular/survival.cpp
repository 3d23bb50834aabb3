#include "emdyn/forecast/tabular/survival.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emdyn/core/error.hpp"

namespace emdyn::forecast {
namespace {

void check_times(const SurvivalTimes& times) {
  if (times.intervals == 0 || times.last.size() != times.event.size()) {
    throw DataError(fmt::format("survival: {} intervals, {} times, {} events", times.intervals,
                                times.last.size(), times.event.size()));
  }
  for (std::size_t i = 0; i < times.last.size(); ++i) {
    if (times.last[i] >= times.intervals) {
      throw DataError(fmt::format("survival: time {} of row {} lies beyond the last interval {}",
                                  times.last[i], i + 1, times.intervals - 1));
    }
  }
}

}  // namespace

PersonPeriods person_periods(const FeatureTable& features, const SurvivalTimes& times) {
  check_times(times);
  if (features.columns > 0 && features.rows() != times.last.size()) {
    throw DataError(
        fmt::format("survival: {} rows of features, {} times", features.rows(), times.last.size()));
  }
  PersonPeriods result;
  result.features.columns = features.columns + 1;
  for (std::size_t i = 0; i < times.last.size(); ++i) {
    for (std::size_t k = 0; k <= times.last[i]; ++k) {
      if (features.columns > 0) result.features.add(features.row(i));
      result.features.values.push_back(static_cast<double>(k));
      result.labels.push_back(times.event[i] && k == times.last[i] ? 1.0 : 0.0);
      result.subjects.push_back(i);
    }
  }
  return result;
}

std::vector<double> survival_curve(const Hazard& hazard, std::span<const double> features,
                                   std::size_t intervals) {
  std::vector<double> row(features.begin(), features.end());
  row.push_back(0.0);
  std::vector<double> curve;
  double alive = 1.0;
  for (std::size_t k = 0; k < intervals; ++k) {
    row.back() = static_cast<double>(k);
    alive *= 1.0 - std::clamp(hazard(row), 0.0, 1.0);
    curve.push_back(alive);
  }
  return curve;
}

std::optional<std::size_t> time_to(std::span<const double> curve, double level) {
  for (std::size_t k = 0; k < curve.size(); ++k) {
    if (curve[k] <= level) return k;
  }
  return std::nullopt;
}

std::vector<double> kaplan_meier(const SurvivalTimes& times) {
  check_times(times);
  if (times.last.empty()) throw DataError("survival: no subject");
  std::vector<double> curve;
  double alive = 1.0;
  for (std::size_t k = 0; k < times.intervals; ++k) {
    double at_risk = 0.0;
    double events = 0.0;
    for (std::size_t i = 0; i < times.last.size(); ++i) {
      if (times.last[i] < k) continue;
      at_risk += 1.0;
      if (times.last[i] == k && times.event[i]) events += 1.0;
    }
    if (at_risk > 0.0) alive *= 1.0 - events / at_risk;
    curve.push_back(alive);
  }
  return curve;
}

std::optional<double> concordance(const SurvivalTimes& times, std::span<const double> risk) {
  check_times(times);
  double pairs = 0.0;
  double right = 0.0;
  for (std::size_t i = 0; i < times.last.size(); ++i) {
    if (!times.event[i]) continue;
    for (std::size_t j = 0; j < times.last.size(); ++j) {
      // In the same interval an event comes before a censoring.
      const bool later =
          times.last[j] > times.last[i] || (times.last[j] == times.last[i] && !times.event[j]);
      if (!later) continue;
      pairs += 1.0;
      right += risk[i] > risk[j] ? 1.0 : risk[i] == risk[j] ? 0.5 : 0.0;
    }
  }
  return pairs > 0.0 ? std::optional(right / pairs) : std::nullopt;
}

}  // namespace emdyn::forecast
