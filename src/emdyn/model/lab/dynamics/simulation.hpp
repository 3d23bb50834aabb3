#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab::dynamics {

/// What every lab without a network is: a row of values at each of its steps, and at the end what
/// theory says of it.
class Simulation : public Experiment {
 public:
  std::string_view name() const noexcept final { return name_; }
  Json configuration() const final { return configuration_; }
  std::uint64_t seed() const noexcept final { return seed_; }
  std::int64_t steps() const noexcept final { return steps_; }
  std::span<const SignalInfo> signals() const noexcept final { return signals_; }
  ExperimentResult run(SampleSink& sink, const Task& task) final;

 protected:
  struct Description {
    std::string_view name{};
    Json configuration{};
    std::int64_t seed = 1;
    std::int64_t steps = 0;
    std::vector<SignalInfo> signals{};
  };
  explicit Simulation(Description description)
      : name_(description.name),
        configuration_(std::move(description.configuration)),
        seed_(static_cast<std::uint64_t>(description.seed)),
        steps_(description.steps),
        signals_(std::move(description.signals)) {}

  /// The values of one row, one a signal; NaN where a signal has none.
  virtual void step(std::int64_t step, std::span<double> values) = 0;
  /// After the last step of a run that was not interrupted.
  virtual void finish(ExperimentResult& result) const = 0;

 private:
  std::string_view name_;
  Json configuration_;
  std::uint64_t seed_;
  std::int64_t steps_;
  std::vector<SignalInfo> signals_;
};

/// `count` values from low to high, both ends included; the place of one of them.
double sweep_value(double low, double high, std::int64_t count, std::int64_t at) noexcept;

/// A mean of independent estimates with its 90 % interval by Student's t.
/// @pre at least two estimates.
series::Interval interval_of(std::span<const double> estimates);

}  // namespace emdyn::model::lab::dynamics
