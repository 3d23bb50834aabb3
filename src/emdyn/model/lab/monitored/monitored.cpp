#include "emdyn/model/lab/monitored/monitored.hpp"

#include <sys/utsname.h>

#include <chrono>
#include <fstream>
#include <mutex>
#include <thread>

#include "emdyn/core/build_info.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::model::lab {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

Json machine_json() {
  utsname system{};
  uname(&system);
  return Json{{"processor", processor_name()}, {"cores", std::thread::hardware_concurrency()},
              {"system", system.sysname},      {"release", system.release},
              {"compiler", kCompiler},         {"build", kBuildType}};
}

/// Passes rows on to the monitor and keeps them for the caller.
class MonitorSink final : public SampleSink {
 public:
  MonitorSink(const Experiment& experiment, collect::monitor::Monitor& monitor,
              const RunHooks& hooks, const Task& task)
      : experiment_(experiment),
        recorder_(experiment),
        monitor_(monitor),
        hooks_(hooks),
        task_(task) {
    for (const SignalInfo& signal : experiment.signals()) names_.push_back(signal.name);
    ids_.resize(names_.size());
    known_.resize(names_.size());
  }

  void row(std::int64_t step, std::span<const Sample> samples) override {
    recorder_.row(step, samples);
    for (const Sample& sample : samples) {
      if (!known_[sample.signal]) {  // Signals without a point do not appear in the store.
        ids_[sample.signal] = monitor_.add_signal(names_[sample.signal]);
        known_[sample.signal] = true;
      }
      if (!monitor_.log(ids_[sample.signal], static_cast<double>(step), sample.value)) {
        monitor_.flush();  // Throws why the store failed.
        throw StoreError("a point could not be stored");
      }
    }
    if (hooks_.row) hooks_.row(step, recorder_.run());
    task_.tell({experiment_.name(), static_cast<std::uint64_t>(step),
                static_cast<std::uint64_t>(experiment_.steps()), "steps"});
  }

  void event(const series::Event& event) override {
    recorder_.event(event);
    series::Event stored = event;
    stored.run = monitor_.run_id();
    monitor_.record(stored);
  }

  const series::Run& run() const noexcept { return recorder_.run(); }

 private:
  const Experiment& experiment_;
  Recorder recorder_;
  collect::monitor::Monitor& monitor_;
  const RunHooks& hooks_;
  const Task& task_;
  std::vector<std::string> names_;
  std::vector<collect::monitor::Monitor::SignalId> ids_;
  std::vector<bool> known_;
};

}  // namespace

series::RunInfo lab_run_info(const Experiment& experiment) {
  series::RunInfo info;
  info.name = experiment.name();
  info.configuration = experiment.configuration();
  info.code_version = std::string(kVersion) + " " + std::string(kCommit);
  info.seed = experiment.seed();
  info.machine = machine_json();
  info.source = "lab " + std::string(experiment.name());
  info.created =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return info;
}

detect::DetectOptions lab_detection() {
  detect::DetectOptions options;
  options.detector = "watch";
  options.alpha = kLabFalseAlarmsPerSample;
  return options;
}

Monitored run_monitored(Experiment& experiment, collect::store::Store& store, RunHooks hooks,
                        const Task& task) {
  Monitored result;
  std::mutex events_mutex;
  collect::monitor::MonitorOptions options;
  options.overflow = collect::monitor::Overflow::wait;
  options.recorder.detection = hooks.detection;
  series::RunInfo info = lab_run_info(experiment);
  if (!hooks.run_name.empty()) info.name = hooks.run_name;
  const auto on_event = [&](const series::Event& event) {
    const std::lock_guard lock(events_mutex);
    result.events.push_back(event);
    if (hooks.on_event) hooks.on_event(event);
  };
  collect::monitor::Monitor monitor(store.create(info), options, on_event,
                                    std::move(hooks.observer));
  result.id = monitor.run_id();

  MonitorSink sink(experiment, monitor, hooks, task);
  result.outcome = experiment.run(sink, task);
  monitor.end_points();
  if (hooks.end) {
    series::Run run = sink.run();
    run.info = info;
    run.info.id = result.id;
    run.info.status =
        result.outcome.interrupted ? series::RunStatus::interrupted : series::RunStatus::finished;
    run.info.notes = outcome_json(result.outcome);
    run.info.notes["points_dropped"] = monitor.dropped();
    {
      const std::lock_guard lock(events_mutex);
      run.events = result.events;
    }
    hooks.end(monitor, run, result.outcome);
  }
  result.points = monitor.points();
  result.dropped = monitor.dropped();
  result.nonfinite = monitor.nonfinite();
  Json notes = outcome_json(result.outcome);
  notes["points_dropped"] = result.dropped;
  monitor.set_notes(notes);
  monitor.finish(result.outcome.interrupted ? series::RunStatus::interrupted
                                            : series::RunStatus::finished);
  return result;
}

}  // namespace emdyn::model::lab
