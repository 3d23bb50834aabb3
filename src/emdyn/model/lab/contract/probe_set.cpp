#include "emdyn/model/lab/contract/probe_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace emdyn::model::lab {
namespace {

constexpr double kCheapShare = 0.6;
constexpr double kStructureShare = 0.3;

/// The smallest of 1, 2, 5, 10, 20, 50, … that is at least `wanted`.
std::int64_t round_interval(double wanted) {
  std::int64_t decade = 1;
  while (decade < 1'000'000'000) {
    for (const std::int64_t digit : {1, 2, 5}) {
      if (static_cast<double>(digit * decade) >= wanted) return digit * decade;
    }
    decade *= 10;
  }
  return decade;
}

}  // namespace

ProbeSet::Timer::~Timer() {
  cost_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::size_t ProbeSet::add(std::string name, double operations, Group group,
                          std::vector<SignalInfo> signals, Measure measure) {
  Probe& probe = probes_.emplace_back();
  probe.cost.name = std::move(name);
  probe.operations = operations;
  probe.group = group;
  probe.first_signal = signals_.size();
  probe.signal_count = signals.size();
  probe.measure = std::move(measure);
  for (SignalInfo& signal : signals) signals_.push_back(std::move(signal));
  return probes_.size() - 1;
}

void ProbeSet::set_every_rows(std::size_t probe, std::int64_t rows) {
  probes_[probe].every_rows = std::max<std::int64_t>(rows, 1);
}

void ProbeSet::schedule(double budget_percent, std::int64_t every, double step_operations) {
  const double budget = budget_percent / 100.0;
  if (budget == 0.0) return;
  double cheap = 0.0;
  double structure = 0.0;
  for (const Probe& probe : probes_) {
    if (probe.group == Group::cheap) cheap += probe.operations;
    if (probe.group == Group::structure) structure += probe.operations;
  }
  every_ = every > 0 ? every : round_interval(cheap / (kCheapShare * budget * step_operations));
  const double row_operations = step_operations * static_cast<double>(every_);
  const std::int64_t sparse =
      round_interval(structure / (kStructureShare * budget * row_operations));
  for (Probe& probe : probes_) {
    if (probe.group == Group::structure) probe.every_rows = sparse;
    probe.cost.every_steps = probe.every_rows * every_;
    probe.cost.modelled_share =
        probe.operations / (static_cast<double>(probe.every_rows) * row_operations);
  }
}

void ProbeSet::begin_row(std::int64_t step, SampleSink& sink) {
  row_.clear();
  const std::int64_t row = step / every_;
  for (Probe& probe : probes_) {
    if (!probe.off && probe.measure && row % probe.every_rows == 0) measure(probe, step, sink);
  }
}

void ProbeSet::measure(Probe& probe, std::int64_t step, SampleSink& sink) {
  std::string reason;
  try {
    const Timer timer(probe.cost, 1);
    const std::vector<double> values = probe.measure();
    if (values.size() != probe.signal_count) {
      throw std::length_error(
          fmt::format("gave {} values for {} signals", values.size(), probe.signal_count));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      row_.push_back({probe.first_signal + i, values[i]});
    }
    return;
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "unknown error";
  }
  probe.off = true;
  series::Event event;
  event.signal = probe.signal_count == 0 ? probe.cost.name : signals_[probe.first_signal].name;
  event.position = static_cast<double>(step);
  event.detector = "probe/" + probe.cost.name;
  event.policy = "switched off: " + reason;
  event.kind = series::EventKind::gap;
  sink.event(event);
}

void ProbeSet::put(std::size_t probe, std::size_t signal, double value) {
  row_.push_back({probes_[probe].first_signal + signal, value});
}

std::span<const Sample> ProbeSet::take_row() {
  std::sort(row_.begin(), row_.end(),
            [](const Sample& a, const Sample& b) { return a.signal < b.signal; });
  return row_;
}

std::vector<ProbeCost> ProbeSet::costs() const {
  std::vector<ProbeCost> costs;
  for (const Probe& probe : probes_) costs.push_back(probe.cost);
  return costs;
}

double euclidean_norm(std::span<const float> values) noexcept {
  double sum[4] = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<double>(values[i]);
    sum[i % 4] += value * value;
  }
  return std::sqrt((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

}  // namespace emdyn::model::lab
