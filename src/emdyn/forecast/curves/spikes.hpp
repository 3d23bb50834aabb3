#pragma once
#include <optional>
#include <vector>

#include "emdyn/forecast/curves/curve_table.hpp"
#include "emdyn/forecast/features/history.hpp"

namespace emdyn::forecast {

/// The spikes of a signal up to now. A spike is a record more than six robust deviations from the
/// median of the 32 records before it, in the bad direction, or one that is no number; records within
/// 32 of the last spike belong to it. A plain value.
struct SpikeCount {
  std::vector<double> positions{};       ///< Of the spikes.
  std::vector<std::size_t> at_record{};  ///< The same, as numbers of records.
  std::size_t looked_at = 0;             ///< Records that could have been the first of a spike.
  std::size_t records = 0;               ///< All.
  double cadence = 0.0;  ///< Median distance of the last 64 records, in units of the axis.
};

/// Counts them, each from the records before it only. O(32 · records).
/// @param upwards whether a spike goes up (losses, norms) or down (accuracies).
/// @param history with its non-finite records.
SpikeCount count_spikes(const History& history, bool upwards);

/// How likely at least one spike is within the next `records` records.
struct SpikeHazard {
  double base_rate = 0.0;    ///< Gamma prior of the bank, updated by the spikes of this run.
  double recent_rate = 0.0;  ///< The same with a memory of 500 records: spikes may come in swarms.
  double last_spike = 0.0;   ///< 1 where the last spike is no farther back than that: persistence.
  double low = 0.0;   ///< Of base_rate: 1 − e^(−rate·records) at the posterior's quantiles …
  double high = 1.0;  ///< … of the level asked for.
};
/// The predictive probability 1 − (B/(B + records))^A of a Gamma(A, B) posterior of the rate
/// (Gelman et al., "Bayesian Data Analysis", 2013, section 2.6). @pre records > 0.
SpikeHazard spike_hazard(const SpikeCount& count, const SpikePrior& prior, double records,
                         double level);

/// How far the late norm of the gradient (median of the last 8 finite records) lies above its own
/// past (of the 128 before), in robust deviations of its logarithm; nothing where there are fewer
/// than 40 positive records.
std::optional<double> norm_elevation(const History& norm);

}  // namespace emdyn::forecast
