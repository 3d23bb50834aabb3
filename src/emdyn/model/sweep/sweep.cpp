#include "emdyn/model/sweep/sweep.hpp"

#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/lab/registry.hpp"

namespace emdyn::model::sweep {
namespace {

// Records a run and asks it to stop once its test accuracy has stayed high, or the sweep stops.
class UntilGeneralised final : public model::lab::SampleSink {
 public:
  UntilGeneralised(const model::lab::Experiment& experiment, const SweepOptions& options,
                   const Task& task)
      : recorder_(experiment),
        task_(task),
        enough_(options.enough),
        patience_(options.patience * static_cast<double>(experiment.steps())) {
    const auto signals = experiment.signals();
    for (std::size_t i = 0; i < signals.size(); ++i) {
      if (signals[i].name == "test_accuracy") accuracy_ = i;
    }
  }

  void row(std::int64_t step, std::span<const model::lab::Sample> samples) override {
    recorder_.row(step, samples);
    const auto position = static_cast<double>(step);
    if (task_.stopped()) stop_.request_stop();
    for (const model::lab::Sample& sample : samples) {
      if (sample.signal != accuracy_) continue;
      if (!(sample.value >= enough_)) since_ = position;
      if (position - since_ > patience_) stop_.request_stop();
    }
  }
  void event(const series::Event& event) override { recorder_.event(event); }

  series::Run record(model::lab::Experiment& experiment) {
    const model::lab::ExperimentResult outcome = experiment.run(*this, Task(stop_.get_token()));
    return recorder_.take(outcome);
  }

 private:
  model::lab::Recorder recorder_;
  const Task& task_;
  double enough_;
  double patience_;
  std::size_t accuracy_ = 0;
  double since_ = 0.0;
  std::stop_source stop_;
};

void write_run(collect::store::Store& store, const series::Run& run) {
  collect::store::RunWriter writer = store.create(run.info);
  for (const series::Signal& signal : run.signals) {
    writer.append(writer.add_signal(signal.name, signal.axis), signal.positions, signal.values);
  }
  for (const series::Event& event : run.events) writer.record(event);
  writer.set_notes(run.info.notes);
  writer.finish();
}

}  // namespace

std::size_t make_runs(std::span<const PlannedRun> runs, const SweepOptions& options,
                      const Task& task) {
  collect::store::Store store =
      collect::store::Store::open(options.store, collect::store::Mode::write);
  std::set<std::string> present;
  std::vector<std::string> broken;
  for (const collect::store::RunSummary& summary : store.runs()) {
    const bool finished = summary.info.status == series::RunStatus::finished;
    finished ? void(present.insert(summary.info.name)) : broken.push_back(summary.info.id);
  }
  for (const std::string& id : broken) store.remove(id);
  std::vector<const PlannedRun*> missing;
  for (const PlannedRun& run : runs) {
    if (!present.contains(run.name)) missing.push_back(&run);
  }
  const std::size_t found = runs.size() - missing.size();
  std::size_t made = 0;
  std::mutex mutex;
  parallel_for(missing.size(), [&](std::size_t i) {
    if (task.stopped()) return;
    const auto experiment = model::lab::make_experiment("grokking", missing[i]->params);
    UntilGeneralised sink(*experiment, options, task);
    series::Run run = sink.record(*experiment);
    run.info.name = missing[i]->name;
    if (task.stopped()) return;  // Perhaps half a run.
    const std::scoped_lock lock(mutex);
    write_run(store, run);
    ++made;
    task.tell({"sweep", found + made, runs.size(), "runs"});
  });
  return made;
}

}  // namespace emdyn::model::sweep
