#include "emdyn/pipeline/early_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"
#include "emdyn/emergence/warning/joint_warning.hpp"
#include "emdyn/pipeline/common_rows.hpp"
#include "emdyn/pipeline/in_blocks.hpp"

namespace emdyn::pipeline {
namespace {

using series::Role;
using series::Signal;
using Signals = std::vector<const Signal*>;

constexpr std::array kWarningRoles{Role::test_loss, Role::train_loss, Role::gradient_norm,
                                   Role::weight_norm};
constexpr std::size_t kFewRunsWarned = 4;
constexpr std::size_t kMostWarnedOfFew = 64;  // A signal takes some 60 ms.
constexpr std::size_t kMostWarnedOfMany = 16;
constexpr std::size_t kMostJoint = 16;  // Their covariance must be estimable in a window.
constexpr std::int64_t kFewReplicates =
    99;  // Of many signals; the far tail is a normal one anyhow.

void add_once(Signals& list, const Signal* signal, std::size_t most) {
  if (signal != nullptr && list.size() < most && std::ranges::find(list, signal) == list.end())
    list.push_back(signal);
}

Signals warned_signals(const series::Run& run, const Analysis& analysis,
                       const AnalyzeOptions& options, std::size_t most) {
  Signals list;
  if (const auto* main = main_transition(analysis))
    add_once(list, run.find(main->transition.order_parameter), most);
  for (const Role role : kWarningRoles)
    add_once(list, series::find_role(run, role, options.roles), most);
  for (const auto& fit : analysis.fits)
    add_once(list, run.find(fit.transition.order_parameter), most);
  if (!analysis.fits.empty()) return list;
  for (const Signal& signal : run.signals) {  // Transitions were not looked for.
    const bool asked = options.signals.empty() ||
                       std::ranges::find(options.signals, signal.name) != options.signals.end();
    if (asked && series::role_of(signal.name) != Role::learning_rate) add_once(list, &signal, most);
  }
  return list;
}

/// The signals as one system; an empty warning where they are no table of enough rows.
emergence::EarlyWarning joint_before(const series::Run& run, double before,
                                     const emergence::EarlyWarningOptions& options) {
  const CommonRows rows = common_rows(run, {.most_signals = kMostJoint, .before = before});
  emergence::EarlyWarningOptions fitting = options;
  const auto count = static_cast<std::int64_t>(rows.positions.size());
  if (count < 2 * fitting.window) fitting.window = std::max<std::int64_t>(24, count / 2);
  fitting.replicates = std::min(fitting.replicates, kFewReplicates);
  return emergence::joint_warning(rows.values, rows.positions, fitting);
}

std::string warned_before(const Analysis& analysis) {
  const auto* main = main_transition(analysis);
  if (main == nullptr) return "the end of the run";
  return fmt::format(
      "{} of {} at {}", series::word(main->transition.kind), main->transition.order_parameter,
      emergence::position_text(main->transition.onset->low,
                               main->transition.onset->high - main->transition.onset->low));
}

void compute_warnings(std::span<const series::Run> runs, const AnalyzeOptions& options,
                      const Task& task, std::vector<Analysis>& analyses) {
  struct Job {
    SignalWarning* out;
    const series::Run* run;
    const Signal* signal;  ///< Null: all together.
    double before;
  };
  const std::size_t most = runs.size() > kFewRunsWarned ? kMostWarnedOfMany : kMostWarnedOfFew;
  std::vector<Job> jobs;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    Analysis& analysis = analyses[r];
    const auto* main = main_transition(analysis);
    const double before = main != nullptr ? main->transition.onset->low : HUGE_VAL;
    analysis.warned_before = warned_before(analysis);
    const Signals list = warned_signals(runs[r], analysis, options, most);
    analysis.early_warning.resize(list.size() + 1);
    for (std::size_t i = 0; i < list.size(); ++i)
      jobs.push_back({&analysis.early_warning[i], &runs[r], list[i], before});
    jobs.push_back({&analysis.early_warning.back(), &runs[r], nullptr, before});
  }
  emergence::EarlyWarningOptions each = options.early_warning;
  if (jobs.size() > kMostWarnedOfMany) each.replicates = std::min(each.replicates, kFewReplicates);
  in_blocks(jobs.size(), "early warning", "signals", task, [&](std::size_t i) {
    const Job& job = jobs[i];
    if (job.signal != nullptr) {
      *job.out = {job.signal->name, emergence::early_warning_before(*job.signal, job.before, each)};
    } else {
      *job.out = {std::string(kJointSignal), joint_before(*job.run, job.before, each)};
    }
  });
  for (Analysis& analysis : analyses) {  // What is no system of signals is no signal either.
    if (!analysis.early_warning.empty() && analysis.early_warning.back().warning.indicators.empty())
      analysis.early_warning.pop_back();
  }
}

void correct_for_trends(std::vector<Analysis>& analyses) {
  std::vector<double> p_values;
  std::vector<emergence::Indicator*> rows;
  for (Analysis& each : analyses) {
    for (SignalWarning& of_signal : each.early_warning) {
      for (emergence::Indicator& indicator : of_signal.warning.indicators) {
        rows.push_back(&indicator);
        p_values.push_back(indicator.p_value);
      }
    }
  }
  const std::vector<double> q_values = math::q_values(p_values, kDependence);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i]->q_value = q_values[i];
}

void record_precursors(Analysis& analysis) {
  const auto* found = main_transition(analysis);
  if (found == nullptr) return;
  auto& main = analysis.fits[static_cast<std::size_t>(found - analysis.fits.data())].transition;
  for (const SignalWarning& of_signal : analysis.early_warning) {
    for (const auto& trend : emergence::precursors(of_signal.signal, of_signal.warning)) {
      const bool stands = trend.q_value.value_or(1.0) <= analysis.false_discoveries;
      if (stands || of_signal.signal == main.order_parameter) main.precursors.push_back(trend);
    }
  }
}

}  // namespace

void add_early_warnings(std::span<const series::Run> runs, const AnalyzeOptions& options,
                        const Task& task, std::vector<Analysis>& analyses) {
  compute_warnings(runs, options, task, analyses);
  correct_for_trends(analyses);
  for (Analysis& analysis : analyses) record_precursors(analysis);
}

}  // namespace emdyn::pipeline
