#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab {

/// The probes of an experiment: their signals, their fixed schedule and what they cost.
///
/// Every probe has a cost in multiply-adds of a single-precision matrix product (slower arithmetic
/// counts more). The cheap group is taken on every row; rows are as close as 60 % of the budget
/// allows. The structure group is taken on every m-th row, with 30 % of the budget. Intervals have
/// the form {1, 2, 5} · 10ᵏ and follow from operation counts alone, so records do not depend on
/// speed; what the probes really took is measured beside them.
class ProbeSet {
 public:
  /// One value per signal of its probe.
  using Measure = std::function<std::vector<double>()>;
  enum class Group { cheap, structure, own };

  /// One double-precision scalar operation, and one of a double-precision matrix product, in
  /// multiply-adds of a single-precision one.
  static constexpr double kScalarCost = 8.0;
  static constexpr double kDoubleCost = 6.0;

  /// Adds a probe; one without `measure` is filled by put(). @return its index.
  std::size_t add(std::string name, double operations, Group group, std::vector<SignalInfo> signals,
                  Measure measure = {});
  /// For probes of the group `own`, which have no modelled cost.
  void set_every_rows(std::size_t probe, std::int64_t rows);
  /// Fixes the schedule. @param every steps between rows, or 0 to choose. A budget of 0 takes no
  /// row at all.
  void schedule(double budget_percent, std::int64_t every, double step_operations);

  std::span<const SignalInfo> signals() const noexcept { return signals_; }
  bool any() const noexcept { return every_ > 0; }
  bool due(std::int64_t step) const noexcept { return any() && step % every_ == 0; }

  /// Starts a row and takes every measurement due in it. A probe that throws is switched off, with
  /// an event of kind `gap`.
  void begin_row(std::int64_t step, SampleSink& sink);
  /// Sets the `signal`-th signal of a probe in this row.
  void put(std::size_t probe, std::size_t signal, double value);
  /// Runs `work` on the account of a probe. @param calls how many calls it counts as.
  template <class Work>
  auto timed(std::size_t probe, std::int64_t calls, Work&& work) {
    const Timer timer(probes_[probe].cost, calls);
    return work();
  }
  /// The row, by signal; valid until the next one begins.
  std::span<const Sample> take_row();

  std::vector<ProbeCost> costs() const;

 private:
  struct Probe {
    ProbeCost cost;
    double operations = 0.0;  ///< Of one call.
    Group group = Group::cheap;
    std::int64_t every_rows = 1;
    std::size_t first_signal = 0;
    std::size_t signal_count = 0;
    Measure measure;
    bool off = false;
  };
  class Timer {
   public:
    Timer(ProbeCost& cost, std::int64_t calls) : cost_(cost) { cost.calls += calls; }
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

   private:
    ProbeCost& cost_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };

  void measure(Probe& probe, std::int64_t step, SampleSink& sink);

  std::vector<SignalInfo> signals_;
  std::vector<Probe> probes_;
  std::vector<Sample> row_;
  std::int64_t every_ = 0;
};

/// Norm of a vector, in double precision.
double euclidean_norm(std::span<const float> values) noexcept;

}  // namespace emdyn::model::lab
