#include "emdyn/emergence/incidents/common_incidents.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/samples/samples.hpp"
#include "emdyn/math/robust.hpp"
#include "emdyn/math/rolling_median.hpp"

namespace emdyn::emergence::incidents {
namespace {

constexpr std::size_t kScaleWindows = 10;    // A scale needs more samples than a level.
constexpr double kShiftShare = 0.05;         // Of a run.
constexpr double kLeastShiftSamples = 25.0;  // A shift within the spike's own width parts nothing.

/// Places of a run's spikes on the common grid, and where the run begins and ends on it.
struct Marks {
  std::vector<std::int64_t> cells{};
  std::vector<double> deviations{};
  std::int64_t first = 0, last = -1;
  std::int64_t reach = 1;  ///< Largest shift.
};

/// Each sample less the median of the window around it.
std::vector<double> stand_outs(std::span<const double> values, std::size_t half) {
  math::RollingMedian window(2 * half + 1);
  std::vector<double> rest(values.size(), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    window.push(values[i]);
    if (i >= 2 * half) rest[i - half] = values[i - half] - window.median();
  }
  return rest;
}

/// Smallest usual step between neighbours: the width of a cell of the grid.
double cell_of(std::span<const Samples> runs) {
  std::vector<double> gaps;
  for (const Samples& run : runs) {
    std::vector<double> own;
    for (std::size_t i = 1; i < run.size(); ++i)
      own.push_back(run.positions[i] - run.positions[i - 1]);
    if (!own.empty()) gaps.push_back(math::median(own));
  }
  return gaps.empty() ? 1.0 : std::max(*std::ranges::min_element(gaps), 1e-300);
}

Marks mark(const Samples& run, const std::vector<Spike>& spikes, double origin, double cell) {
  Marks marks;
  if (run.size() == 0) return marks;
  const auto at = [&](double position) {
    return static_cast<std::int64_t>(std::llround((position - origin) / cell));
  };
  marks.first = at(run.positions.front());
  marks.last = at(run.positions.back());
  for (const Spike& spike : spikes) {
    marks.cells.push_back(at(spike.position));
    marks.deviations.push_back(spike.deviation);
  }
  const auto span = static_cast<double>(marks.last - marks.first + 1);
  const double gap = span / static_cast<double>(run.size());
  const double reach = std::max(kShiftShare * span, kLeastShiftSamples * gap);
  marks.reach = std::max<std::int64_t>(1, std::llround(std::min(reach, 0.5 * span)));
  return marks;
}

/// Most runs that share one cell after every run was shifted by an amount of its own.
std::size_t largest_count(std::span<const Marks> runs, Philox& random) {
  std::map<std::int64_t, std::size_t> counts;
  std::size_t most = 0;
  for (const Marks& run : runs) {
    const std::int64_t span = run.last - run.first + 1;
    const auto shift =
        static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(2 * run.reach + 1))) -
        run.reach;
    std::int64_t before = run.first - 1;
    for (const std::int64_t cell : run.cells) {
      const std::int64_t moved = run.first + ((cell - run.first + shift) % span + span) % span;
      if (moved == before) continue;
      before = moved;
      most = std::max(most, ++counts[moved]);
    }
  }
  return most;
}

struct Cell {
  std::vector<std::size_t> runs{};
  std::vector<double> deviations{};
};

std::map<std::int64_t, Cell> cells_of(std::span<const Marks> runs) {
  std::map<std::int64_t, Cell> cells;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    for (std::size_t i = 0; i < runs[r].cells.size(); ++i) {
      Cell& cell = cells[runs[r].cells[i]];
      if (!cell.runs.empty() && cell.runs.back() == r) continue;
      cell.runs.push_back(r);
      cell.deviations.push_back(runs[r].deviations[i]);
    }
  }
  return cells;
}

}  // namespace

std::vector<Spike> find_spikes(std::span<const double> positions, std::span<const double> values,
                               const CommonIncidentOptions& options) {
  checked(CommonIncidentOptions::kName, kCommonIncidentFields, options);
  const auto half = static_cast<std::size_t>(options.half_window);
  std::vector<Spike> spikes;
  if (values.size() < 4 * half + 2) return spikes;
  const std::vector<double> rest = stand_outs(values, half);
  const std::size_t reach = kScaleWindows * half;
  math::RollingMedian sizes(2 * reach + 1);
  const std::size_t begin = half, end = rest.size() - half;
  // The scale of a sample near an end is that of the nearest full window.
  std::vector<double> scales(rest.size(), 0.0);
  for (std::size_t i = begin; i < end; ++i) {
    sizes.push(std::fabs(rest[i]));
    if (sizes.full()) scales[i - reach] = sizes.median();
  }
  if (!sizes.full()) {
    std::fill(scales.begin(), scales.end(), sizes.median());
  } else {
    const std::size_t first = begin + reach, last = end - 1 - reach;
    std::fill_n(scales.begin(), first, scales[first]);
    std::fill(scales.begin() + static_cast<std::ptrdiff_t>(last) + 1, scales.end(), scales[last]);
  }
  double before = 0.0;
  for (std::size_t i = begin; i < end; ++i) {
    const double scale = math::kMadToSigma * scales[i];
    const double deviation = scale > 0.0 ? rest[i] / scale : 0.0;
    const bool out = std::fabs(deviation) > options.threshold;
    if (out && !(before * deviation > 0.0)) spikes.push_back({positions[i], deviation});
    before = out ? deviation : 0.0;
  }
  return spikes;
}

CommonIncidents find_common_incidents(std::span<const RunSeries> runs,
                                      const CommonIncidentOptions& options) {
  checked(CommonIncidentOptions::kName, kCommonIncidentFields, options);
  std::vector<Samples> samples(runs.size());
  std::vector<std::vector<Spike>> spikes(runs.size());
  parallel_for(runs.size(), [&](std::size_t r) {
    samples[r] = clean(runs[r].run, runs[r].positions, runs[r].values);
    spikes[r] = find_spikes(samples[r].positions, samples[r].values, options);
  });
  CommonIncidents found;
  found.runs = runs.size();
  for (const auto& each : spikes) found.spikes += each.size();
  const double cell = cell_of(samples);
  double origin = HUGE_VAL;
  for (const Samples& run : samples)
    if (run.size() > 0) origin = std::min(origin, run.positions.front());
  std::vector<Marks> marks;
  for (std::size_t r = 0; r < runs.size(); ++r)
    marks.push_back(mark(samples[r], spikes[r], origin, cell));

  std::vector<std::size_t> largest(static_cast<std::size_t>(options.shifts));
  parallel_for(largest.size(), [&](std::size_t i) {
    Philox random(static_cast<std::uint64_t>(options.seed), i);
    largest[i] = largest_count(marks, random);
  });
  for (const auto& [place, shared] : cells_of(marks)) {
    if (shared.runs.size() < static_cast<std::size_t>(options.fewest_runs)) continue;
    CommonIncident incident;
    incident.position = origin + cell * static_cast<double>(place);
    incident.runs = shared.runs.size();
    for (const Marks& run : marks) incident.covered += run.first <= place && place <= run.last;
    const auto beyond = std::ranges::count_if(
        largest, [&](std::size_t count) { return count >= shared.runs.size(); });
    incident.p_value = static_cast<double>(beyond + 1) / static_cast<double>(largest.size() + 1);
    if (incident.p_value > options.alpha) continue;
    incident.deviation = math::median(shared.deviations);
    for (const std::size_t r : shared.runs) incident.names.push_back(runs[r].run);
    found.incidents.push_back(std::move(incident));
  }
  std::ranges::stable_sort(found.incidents, [](const auto& a, const auto& b) {
    if (a.p_value != b.p_value) return a.p_value < b.p_value;
    if (a.runs != b.runs) return a.runs > b.runs;
    return std::fabs(a.deviation) > std::fabs(b.deviation);
  });
  return found;
}

void to_json(Json& json, const CommonIncident& incident) {
  json = Json{{"position", incident.position}, {"runs", incident.runs},
              {"covered", incident.covered},   {"deviation", number_or_null(incident.deviation)},
              {"p_value", incident.p_value},   {"names", incident.names}};
}

void to_json(Json& json, const CommonIncidents& found) {
  json = Json{{"incidents", found.incidents}, {"runs", found.runs}, {"spikes", found.spikes}};
}

}  // namespace emdyn::emergence::incidents
