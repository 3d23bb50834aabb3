#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "rows.hpp"

namespace emdyn::bench {

struct CalibrationOptions {
  std::uint64_t samples = 10'000'000;    ///< Of each null, all streams together.
  std::size_t streams = 20;              ///< They are cut into.
  std::vector<std::string> detectors{};  ///< Only these; empty: all.
};

/// What an alarm costs: the share of samples whose p-value is at most a level, over that level, on
/// streams in which nothing happens. One row `DETECTOR/NULL/LEVEL` each for 1e-2, 1e-3 and 1e-4.
///
/// Streams go through what `detect --detector NAME` builds: front end where the registry says so
/// (on dependent nulls always, where the domain allows), detector, alarm policy. Warm-up samples
/// (no p-value yet) do not count; what is learned after it does, so more and shorter streams are a
/// harder test.
///
/// Alarms cluster, so the 95 % interval comes from the spread between independent streams
/// (Student's t). A row passes when its interval meets the band: 0.8–1.25 for independent samples,
/// 0.5–2 for dependent ones.
///
/// Baseline: the two-sided normal tail of the z-score with the mean and deviation of all samples
/// before, on the same streams.
/// @throws ConfigError for an unknown detector; Task::Stopped.
std::vector<Row> bench_calibration(const CalibrationOptions& options, const Task& task = {});

/// Run lengths in control of the parametric detectors on independent normal samples (uniform ones
/// for the e-detectors): measured over requested, for 100 and 1,000 samples. `arl0/DETECTOR/N`: the
/// baseline is given; passes within 5 %, or for e-detectors, which promise at least the requested
/// one, from 0.95 up; `arl0/DETECTOR_known_law/N`: one side of an e-detector with alpha for the
/// law known; 10,000 runs at least. `arl0/DETECTOR/N/learned_n/qXX`: quantiles over learned
/// baselines of n samples, computed, not simulated. Baseline: Siegmund's approximation for the
/// CUSUM, the normal quantile for the EWMA. @throws Task::Stopped.
std::vector<Row> bench_run_lengths(const CalibrationOptions& options, const Task& task = {});

}  // namespace emdyn::bench
