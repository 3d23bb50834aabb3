#pragma once
#include <string>
#include <vector>

#include "emdyn/forecast/curves/curve_table.hpp"
#include "rows.hpp"

namespace emdyn::bench {

/// The prior of the rate of spikes over the runs of all sources but one (empty: none is left out): its
/// mean is the mean rate of the sources, its shape from how far runs differ (at least .1).
forecast::SpikePrior learn_spike_prior(const std::string& data, const std::string& left_out);

/// Spikes within 20, 100 and 500 records: the Gamma base rate of each run against a rate with a short
/// memory, the last spike, and the norm of the gradient where it is logged, sources left out.
std::vector<Row> spike_rows(const std::string& data);

}  // namespace emdyn::bench
