#include "emdyn/model/lab/contract/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/lab/grokking/grokking.hpp"
#include "emdyn/model/lab/sinusoid/sinusoid.hpp"

namespace emdyn::model::lab {
namespace {

constexpr std::array kExperiments = {
    ExperimentEntry{"grokking",
                    "a small network memorises modular arithmetic, then suddenly generalises",
                    "Power et al. 2022; Gromov 2023; Nanda et al. 2023",
                    [] { return describe_fields(kGrokkingFields); },
                    [](const Params& params) -> std::unique_ptr<Experiment> {
                      return make_grokking(grokking_config(params));
                    }},
    ExperimentEntry{"sinusoid",
                    "a small network learns sin(x) and is asked for a phase it was not shown", "",
                    [] { return describe_fields(kSinusoidFields); },
                    [](const Params& params) -> std::unique_ptr<Experiment> {
                      return make_sinusoid(sinusoid_config(params));
                    }},
};

}  // namespace

double Outcome::probe_overhead_percent() const noexcept {
  const double busy = seconds - seconds_in_sink;
  return busy > 0.0 ? 100.0 * seconds_in_probes / busy : 0.0;
}

double Outcome::steps_per_second() const noexcept {
  const double busy = seconds - seconds_in_sink;
  return busy > 0.0 ? static_cast<double>(steps) / busy : 0.0;
}

Json outcome_json(const Outcome& outcome) {
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
          {"data", outcome.data}};
}

std::span<const ExperimentEntry> experiments() noexcept { return kExperiments; }

std::unique_ptr<Experiment> make_experiment(std::string_view name, const Params& params) {
  std::vector<std::string_view> names;
  for (const ExperimentEntry& entry : kExperiments) {
    if (entry.name == name) return entry.make(params);
    names.push_back(entry.name);
  }
  throw ConfigError(fmt::format("unknown experiment '{}': known are {}", terminal_safe(name),
                                fmt::join(names, ", ")));
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

series::Run Recorder::take(const Outcome& outcome) {
  run_.info.status =
      outcome.interrupted ? series::RunStatus::interrupted : series::RunStatus::finished;
  run_.info.notes = outcome_json(outcome);
  std::erase_if(run_.signals, [](const series::Signal& signal) { return signal.size() == 0; });
  return std::move(run_);
}

series::Run record(Experiment& experiment, const Task& task) {
  Recorder recorder(experiment);
  const Outcome outcome = experiment.run(recorder, task);
  return recorder.take(outcome);
}

}  // namespace emdyn::model::lab
