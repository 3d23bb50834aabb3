#include "emdyn/model/lab/contract/experiment.hpp"

#include <algorithm>
#include <utility>

namespace emdyn::model::lab {

double ExperimentResult::probe_overhead_percent() const noexcept {
  const double busy = seconds - seconds_in_sink;
  return busy > 0.0 ? 100.0 * seconds_in_probes / busy : 0.0;
}

double ExperimentResult::steps_per_second() const noexcept {
  const double busy = seconds - seconds_in_sink;
  return busy > 0.0 ? static_cast<double>(steps) / busy : 0.0;
}

Json outcome_json(const ExperimentResult& outcome) {
  Json probes = Json::array();
  for (const ProbeCost& probe : outcome.probes) {
    const double calls = static_cast<double>(std::max<std::int64_t>(probe.calls, 1));
    probes.push_back({{"name", probe.name},
                      {"every_steps", probe.every_steps},
                      {"calls", probe.calls},
                      {"seconds", probe.seconds},
                      {"seconds_per_call", probe.seconds / calls},
                      {"modelled_share", probe.modelled_share}});
  }
  return {{"steps", outcome.steps},
          {"interrupted", outcome.interrupted},
          {"seconds", outcome.seconds},
          {"seconds_in_probes", outcome.seconds_in_probes},
          {"seconds_in_sink", outcome.seconds_in_sink},
          {"steps_per_second", outcome.steps_per_second()},
          {"probe_overhead_percent", outcome.probe_overhead_percent()},
          {"probes", std::move(probes)},
          {"truth", outcome.truth},
          {"data", outcome.data}};
}

Recorder::Recorder(const Experiment& experiment) {
  run_.info.name = experiment.name();
  run_.info.source = experiment.name();
  run_.info.configuration = experiment.configuration();
  run_.info.seed = experiment.seed();
  for (const SignalInfo& signal : experiment.signals()) {
    run_.signals.push_back({.name = signal.name});
  }
}

void Recorder::row(std::int64_t step, std::span<const Sample> samples) {
  for (const Sample& sample : samples) {
    run_.signals[sample.signal].append(static_cast<double>(step), sample.value);
  }
}

void Recorder::event(const series::Event& event) { run_.events.push_back(event); }

series::Run Recorder::take(const ExperimentResult& outcome) {
  run_.info.status =
      outcome.interrupted ? series::RunStatus::interrupted : series::RunStatus::finished;
  run_.info.notes = outcome_json(outcome);
  std::erase_if(run_.signals, [](const series::Signal& signal) { return signal.size() == 0; });
  return std::move(run_);
}

series::Run record(Experiment& experiment, const Task& task) {
  Recorder recorder(experiment);
  const ExperimentResult outcome = experiment.run(recorder, task);
  return recorder.take(outcome);
}

}  // namespace emdyn::model::lab
