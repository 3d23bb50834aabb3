#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "rows.hpp"

namespace emdyn::bench {

struct WatchBenchOptions {
  std::size_t healthy_samples = 20'000;  ///< Of each kind of healthy run, at least.
  std::size_t incidents = 12;            ///< Runs of each kind of incident.
  double alpha = 1e-4;                   ///< The budget on healthy runs, false alarms a sample.
  std::string only{};                    ///< Only this kind; empty: all.
  std::string detector{};                ///< Instead of the default.
  bool list = false;  ///< A row for each alarm on a healthy run, and for each miss.
};

/// What a watched training costs and tells, with the defaults of `watch`, beside rules that people use
/// (spike_rules.hpp) on the same runs.
///
/// `healthy/KIND/HALF`: alarms in 10,000 samples, all signals of a run together; baseline: the budget.
/// `low` and `high` are the 95 % interval of a Poisson count, and the row passes where `low` is at most
/// 1.2 times the budget. Ten times the default budget, since at 1e-5 next to no alarms can be counted
/// in a minute. Steps of a schedule are facts and not counted. `healthy/KIND/HALF/RULE`: the same for
/// each rule. `healthy/before_incidents`: of all incident runs before their incident, at the default
/// budget.
/// `told/KIND/HALF`: share of the incidents told between begin and end; passes from 0.95 up; baseline:
/// the best of the rules. `delay/KIND/HALF`: median delay of those told, in samples of the run's steps,
/// passes up to 5; of drifts as a share of their length, passes up to 0.1.
/// HALF: `tuned_on` or `left_out` (training_bank.hpp).
/// @throws ConfigError for an unknown kind or detector; Task::Stopped.
std::vector<Row> bench_watch(const WatchBenchOptions& options, const Task& task = {});

}  // namespace emdyn::bench
