#include "emdyn/forecast/predictors/alarm.hpp"

#include <algorithm>

#include "emdyn/math/robust.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kNeverFires = 1.01;  // Above every probability.

struct Tally {
  std::size_t hits = 0;
  std::size_t false_alarms = 0;
  std::size_t never = 0;
  double median_lead = 0.0;  // as a share of the deadline
};

Tally tally(std::span<const ForecastPath> paths, const AlarmRule& rule) {
  Tally result;
  std::vector<double> leads;
  for (const ForecastPath& path : paths) {
    const AlarmResult judged = judge(path, rule);
    if (!path.reached) ++result.never;
    if (judged.outcome == AlarmOutcome::false_alarm) ++result.false_alarms;
    if (judged.outcome != AlarmOutcome::hit) continue;
    ++result.hits;
    leads.push_back(*judged.lead / path.deadline);
  }
  if (!leads.empty()) result.median_lead = math::median(leads);
  return result;
}

}  // namespace

std::optional<std::size_t> crossing(std::span<const double> probabilities, double threshold,
                                    std::size_t consecutive) noexcept {
  bool was_below = false;
  std::size_t above = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] >= threshold) {
      if (was_below && ++above >= consecutive) return i;
    } else {
      was_below = true;
      above = 0;
    }
  }
  return std::nullopt;
}

AlarmResult judge(const ForecastPath& path, const AlarmRule& rule) {
  AlarmResult result;
  const auto index = crossing(path.probability, rule.threshold, rule.consecutive);
  if (index) result.crossed_at = path.at[*index];
  if (!path.reached) {
    result.outcome = index ? AlarmOutcome::false_alarm : AlarmOutcome::quiet;
    return result;
  }
  if (index && path.onset) result.lead = *path.onset - *result.crossed_at;
  if (result.lead && *result.lead > 0.0) {
    result.outcome = AlarmOutcome::hit;
    return result;
  }
  bool was_below = false;
  for (std::size_t i = 0; i < path.at.size(); ++i) {
    if (path.onset && path.at[i] >= *path.onset) break;
    was_below = was_below || path.probability[i] < rule.threshold;
  }
  if (!was_below) {
    result.outcome = AlarmOutcome::started_above;
  } else {
    result.outcome = index ? AlarmOutcome::late : AlarmOutcome::missed;
  }
  return result;
}

AlarmRule freeze_threshold(std::span<const ForecastPath> paths, std::size_t consecutive,
                           double budget) {
  AlarmRule best{kNeverFires, consecutive, budget};
  Tally best_tally;
  for (int step = 1; step < 100; ++step) {
    const AlarmRule rule{static_cast<double>(step) / 100.0, consecutive, budget};
    const Tally now = tally(paths, rule);
    if (static_cast<double>(now.false_alarms) > budget * static_cast<double>(now.never)) continue;
    const bool better =
        now.hits > best_tally.hits ||
        (now.hits == best_tally.hits && now.hits > 0 && now.median_lead > best_tally.median_lead);
    if (!better) continue;
    best = rule;
    best_tally = now;
  }
  return best;
}

}  // namespace emdyn::forecast
