#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/json.hpp"

/// Incidents that several runs share: the same batch of data, the same hour of a bad machine.
namespace emdyn::emergence::incidents {

struct CommonIncidentOptions {
  double threshold = 4.0;         ///< Deviations from the neighbourhood that make a spike.
  std::int64_t half_window = 10;  ///< Samples on either side that are the neighbourhood.
  double alpha = 0.05;            ///< Chance of one false common incident among all positions.
  std::int64_t fewest_runs = 3;   ///< That must share an incident.
  std::int64_t shifts = 999;      ///< Of every run's spikes, for the p-values.
  std::int64_t seed = 1;

  static constexpr std::string_view kName = "common_incidents";
};
inline constexpr std::array kCommonIncidentFields{
    Field<CommonIncidentOptions>{"threshold", &CommonIncidentOptions::threshold, 2.0, 100.0,
                                 "deviations that make a spike"},
    Field<CommonIncidentOptions>{"half_window", &CommonIncidentOptions::half_window, 3, 1000,
                                 "samples on either side that a sample is compared with"},
    Field<CommonIncidentOptions>{"alpha", &CommonIncidentOptions::alpha, 1e-4, 0.5,
                                 "chance of one false common incident"},
    Field<CommonIncidentOptions>{"fewest_runs", &CommonIncidentOptions::fewest_runs, 2, 1000000,
                                 "runs that must share an incident"},
    Field<CommonIncidentOptions>{"shifts", &CommonIncidentOptions::shifts, 19, 100000,
                                 "shifts of every run's spikes"},
    Field<CommonIncidentOptions>{"seed", &CommonIncidentOptions::seed, 0, 9e15, "of the shifts"},
};

/// One signal of one run.
struct RunSeries {
  std::string run{};
  std::vector<double> positions{};  ///< Not decreasing.
  std::vector<double> values{};     ///< As many; non-finite ones are left out.
};

/// A sample that stands out from its neighbours.
struct Spike {
  double position = 0.0;
  double deviation = 0.0;  ///< In deviations of the neighbourhood, with its sign.
};

/// Samples more than `threshold` robust deviations from the median of their neighbours on either
/// side, their local scale the MAD of such differences over ten windows. Where several in a row
/// stand out to one side, the first counts. The first and last half window are not judged.
/// O(n log window).
std::vector<Spike> find_spikes(std::span<const double> positions, std::span<const double> values,
                               const CommonIncidentOptions& options = {});

/// Positions at which more runs spike than chance would have.
struct CommonIncident {
  double position = 0.0;
  std::size_t runs = 0;     ///< That spike there.
  std::size_t covered = 0;  ///< That have samples there.
  double deviation = 0.0;   ///< Median of the spikes.
  double p_value = 1.0;     ///< Corrected for all positions.
  std::vector<std::string> names{};
};

struct CommonIncidents {
  std::vector<CommonIncident> incidents{};  ///< By p-value, then runs, then deviation.
  std::size_t runs = 0;                     ///< Looked at.
  std::size_t spikes = 0;                   ///< In all runs.
};

/// Counts the runs that spike at each position (within half the smallest step on either side) and
/// compares each count with the largest one that is left when the spikes of every run are shifted
/// together by a random amount of its own. Shifts are circular and reach a twentieth of a run (at
/// least 25 samples): they keep each run's own spacing and the slow course of its rate, and part it
/// from the others. The largest count makes the p-values hold for all positions together. Sources:
/// Amarasingham et al., "Conditional Modeling and the Jitter Method of Spike Resampling", J.
/// Neurophysiology 107 (2012); Westfall & Young, "Resampling-Based Multiple Testing" (1993), ch. 2.
/// Deterministic for any number of threads. @throws ConfigError for options out of range.
CommonIncidents find_common_incidents(std::span<const RunSeries> runs,
                                      const CommonIncidentOptions& options = {});

void to_json(Json& json, const CommonIncident& incident);
void to_json(Json& json, const CommonIncidents& found);

}  // namespace emdyn::emergence::incidents
