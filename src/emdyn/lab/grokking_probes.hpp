#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/lab/experiment.hpp"
#include "emdyn/lab/grokking.hpp"
#include "emdyn/probe/measures.hpp"

namespace emdyn::lab {

/// The probes of the grokking experiment and their schedule.
///
/// Every probe has a cost in multiply-adds of a matrix product (slower arithmetic counts more). The
/// cheap group is taken on every row; rows are as close as 60 % of the budget allows. The structure
/// group (effective rank, Fourier) is taken on every m-th row, with 30 % of the budget. Intervals
/// are of the form {1, 2, 5} · 10ᵏ and follow from counts alone, so records do not depend on speed;
/// what the probes really took is measured beside them.
class GrokkingProbes {
 public:
  GrokkingProbes(const GrokkingConfig& config, const Split& split, const Network& network,
                 std::size_t batch, std::vector<CustomProbe> custom);

  std::span<const SignalInfo> signals() const noexcept { return signals_; }
  bool any() const noexcept { return every_ > 0; }
  bool due(std::int64_t step) const noexcept { return any() && step % every_ == 0; }

  /// Measures the network as it is; called once per row, first.
  void before_update(std::int64_t step, Network& network, Sink& sink);
  /// Gradient norm; remembers the parameters.
  void before_step(Network& network);
  /// Update norm.
  void after_step(Network& network);
  void train_metrics(const Metrics& metrics, double learning_rate);
  Metrics timed_train(const std::function<Metrics()>& evaluate);
  /// The row, by signal; valid until the next one.
  std::span<const Sample> take_row();

  std::vector<ProbeCost> costs() const;

 private:
  struct Probe {
    ProbeCost cost;
    double operations = 0.0;  ///< Of one call.
    std::int64_t every_rows = 1;
    std::vector<std::size_t> signals;
    std::function<std::vector<double>(Network&)> measure;  ///< Empty: measured around the update.
    bool off = false;
  };

  std::size_t add_signal(std::string name, std::string help);
  Probe& add_probe(std::string name, double operations, std::vector<SignalInfo> signals);
  void add_cheap_probes(const Network& network, const Split& split);
  void add_structure_probes(const GrokkingConfig& config, const Network& network);
  void schedule(const GrokkingConfig& config, double step_operations);
  void measure(Probe& probe, std::int64_t step, Network& network, Sink& sink);

  std::vector<SignalInfo> signals_;
  std::vector<Probe> probes_;
  std::vector<Sample> row_;
  std::vector<float> before_;
  std::size_t train_signals_ = 0;
  std::size_t norms_probe_ = 0;
  std::size_t train_probe_ = 0;
  std::int64_t every_ = 0;
};

}  // namespace emdyn::lab
