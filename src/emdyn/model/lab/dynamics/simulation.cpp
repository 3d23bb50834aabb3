#include "emdyn/model/lab/dynamics/simulation.hpp"

#include <chrono>
#include <cmath>

#include "emdyn/math/distributions.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::model::lab::dynamics {
namespace {

using SimulationClock = std::chrono::steady_clock;

double seconds_between(SimulationClock::time_point from, SimulationClock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

ExperimentResult Simulation::run(SampleSink& sink, const Task& task) {
  const auto start = SimulationClock::now();
  ExperimentResult result;
  std::vector<double> values(signals_.size());
  std::vector<Sample> row;
  for (; result.steps < steps_ && !task.stopped(); ++result.steps) {
    std::ranges::fill(values, std::nan(""));
    step(result.steps, values);
    row.clear();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isnan(values[i])) row.push_back({i, values[i]});
    const auto before = SimulationClock::now();
    sink.row(result.steps, row);
    result.seconds_in_sink += seconds_between(before, SimulationClock::now());
  }
  result.interrupted = result.steps < steps_;
  if (!result.interrupted) finish(result);
  result.seconds = seconds_between(start, SimulationClock::now());
  return result;
}

double sweep_value(double low, double high, std::int64_t count, std::int64_t at) noexcept {
  if (count < 2) return low;
  return low + (high - low) * static_cast<double>(at) / static_cast<double>(count - 1);
}

series::Interval interval_of(std::span<const double> estimates) {
  math::Moments moments;
  for (const double each : estimates) moments.add(each);
  const auto n = static_cast<double>(estimates.size());
  const double half = math::student_t_isf(0.05, n - 1.0) * moments.stddev() / std::sqrt(n);
  return {moments.mean() - half, moments.mean(), moments.mean() + half, 0.9};
}

}  // namespace emdyn::model::lab::dynamics
