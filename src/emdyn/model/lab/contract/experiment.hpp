#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/model/lab/contract/truth.hpp"
#include "emdyn/series/records.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::model::lab {

/// A signal an experiment gives, known before it runs.
struct SignalInfo {
  std::string name;
  std::string help;
};

/// One value of one signal.
struct Sample {
  std::size_t signal = 0;  ///< Index into Experiment::signals().
  double value = 0.0;
};

/// Takes what an experiment measures, on the thread that runs it: training waits for it, so nothing
/// is dropped. May throw; the experiment then ends with that exception.
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  /// All samples taken at one training step, in the order of their signals.
  virtual void row(std::int64_t step, std::span<const Sample> samples) = 0;
  /// Something the experiment noticed itself, such as a probe that was switched off.
  virtual void event(const series::Event& event) = 0;
};

/// What one probe cost.
struct ProbeCost {
  std::string name;
  std::int64_t every_steps = 0;  ///< Its fixed schedule.
  std::int64_t calls = 0;
  double seconds = 0.0;         ///< Of all calls together.
  double modelled_share = 0.0;  ///< Of the training's operations, by the cost model.
};

/// How a run of an experiment went. Everything but the times is equal for equal configuration.
struct ExperimentResult {
  std::int64_t steps = 0;    ///< Training steps done.
  bool interrupted = false;  ///< Stopped before its last step.
  double seconds = 0.0;      ///< Wall time, probes and sink included.
  double seconds_in_probes = 0.0;
  double seconds_in_sink = 0.0;
  std::vector<ProbeCost> probes{};
  Json data = Json::object();  ///< What is no signal, such as a histogram.
  std::vector<Truth> truth{};  ///< What theory says of this run, beside what it shows.

  /// Time in probes over the time of training and probes together, in percent.
  double probe_overhead_percent() const noexcept;
  /// Training steps per second, the sink's time left out.
  double steps_per_second() const noexcept;
};
/// For RunInfo::notes and `--json`.
Json outcome_json(const ExperimentResult& outcome);

/// A simulated experiment, a network in training or a physical system, that gives signals along its
/// steps.
class Experiment {
 public:
  virtual ~Experiment() = default;
  virtual std::string_view name() const noexcept = 0;
  /// Every setting by name, defaults included: enough to repeat the run.
  virtual Json configuration() const = 0;
  virtual std::uint64_t seed() const noexcept = 0;
  virtual std::int64_t steps() const noexcept = 0;
  virtual std::span<const SignalInfo> signals() const noexcept = 0;
  /// Goes from the beginning to the last step, or until `task` is stopped. Call it once.
  virtual ExperimentResult run(SampleSink& sink, const Task& task) = 0;
};

/// Keeps everything in memory as a series::Run.
class Recorder final : public SampleSink {
 public:
  explicit Recorder(const Experiment& experiment);
  void row(std::int64_t step, std::span<const Sample> samples) override;
  void event(const series::Event& event) override;
  /// The run so far.
  const series::Run& run() const noexcept { return run_; }
  /// Closes the run with how it went. Signals without a point are left out.
  series::Run take(const ExperimentResult& outcome);

 private:
  series::Run run_;
};

/// Runs it and keeps everything in memory.
series::Run record(Experiment& experiment, const Task& task = {});

}  // namespace emdyn::model::lab
