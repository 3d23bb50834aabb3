#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "emdyn/forecast/tabular/table.hpp"

namespace emdyn::forecast {

/// Time to an event in intervals 0 … intervals - 1, some of it cut short. Row i was followed up to
/// and including interval `last[i]`; there the event came, or nobody looked on (right censoring).
struct SurvivalTimes {
  std::size_t intervals = 0;  ///< >= 1
  std::vector<std::size_t> last{};
  std::vector<bool> event{};
};

/// One row for each interval that each subject lived through: its features, then the number of the
/// interval as the last column; label 1 where the event came. A classifier of these rows is a model
/// of the hazard, and censored subjects need nothing further.
/// Source: Singer, Willett, "It's About Time: Using Discrete-Time Survival Analysis", 1993.
struct PersonPeriods {
  FeatureTable features{};  ///< [rows, columns + 1]
  std::vector<double> labels{};
  std::vector<std::size_t> subjects{};  ///< Row of the subject's table.
};
/// @throws DataError when sizes differ or a time lies beyond the last interval.
PersonPeriods person_periods(const FeatureTable& features, const SurvivalTimes& times);

/// P(event in the interval | none before), from the features and the interval as last column.
using Hazard = std::function<double(std::span<const double> features_and_interval)>;

/// P(no event up to and including interval k) for every k, the product of 1 - hazard. [intervals]
std::vector<double> survival_curve(const Hazard& hazard, std::span<const double> features,
                                   std::size_t intervals);

/// The interval in which the curve falls to `level` or below (0.5: the median time); nothing where
/// it stays above.
std::optional<std::size_t> time_to(std::span<const double> curve, double level);

/// The product-limit estimate for every interval, subjects censored in an interval being at risk in
/// it. Source: Kaplan, Meier, "Nonparametric Estimation from Incomplete Observations", 1958.
/// @throws DataError when sizes differ, there is no subject or a time lies beyond the last interval.
std::vector<double> kaplan_meier(const SurvivalTimes& times);

/// Share of comparable pairs in which the subject with the earlier event has the higher risk, ties
/// of risk counting half; a pair is comparable when the earlier of its times is an event. O(n^2).
/// Nothing without such a pair. Source: Harrell et al., "Evaluating the Yield of Medical Tests",
/// 1982.
std::optional<double> concordance(const SurvivalTimes& times, std::span<const double> risk);

}  // namespace emdyn::forecast
