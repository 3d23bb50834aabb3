#include "emdyn/pipeline/analyze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"
#include "emdyn/pipeline/acting_together.hpp"
#include "emdyn/pipeline/mirage_pairs.hpp"

namespace emdyn::pipeline {
namespace {

using emergence::TransitionFit;
using series::Role;
using series::Signal;
using series::TransitionKind;

constexpr std::array kOrderRoles{Role::test_accuracy, Role::test_loss, Role::train_accuracy,
                                 Role::train_loss};
constexpr std::array kWarningRoles{Role::test_loss, Role::train_loss, Role::gradient_norm,
                                   Role::weight_norm};
constexpr std::size_t kMostWarned = 16;  // Of the signals that changed, and where no role is known.
constexpr std::size_t kFewRuns = 4;      // An interaction timeline takes a second.
constexpr std::size_t kBlock = 64;       // Signals between two looks at the task.

using Signals = std::vector<const Signal*>;

void add_unique(Signals& list, const Signal* signal) {
  if (signal != nullptr && std::ranges::find(list, signal) == list.end()) list.push_back(signal);
}

Signals named_signals(const series::Run& run, const std::vector<std::string>& names) {
  Signals list;
  for (const std::string& name : names) {
    const Signal* signal = run.find(name);
    if (signal == nullptr)
      throw DataError(fmt::format("the run has no signal \"{}\"", terminal_safe(name)));
    add_unique(list, signal);
  }
  return list;
}

Signals order_parameters(const series::Run& run, const series::RoleChoices& roles) {
  Signals list;
  for (const Role role : kOrderRoles) add_unique(list, series::find_role(run, role, roles));
  return list;
}

/// All signals but what somebody set: a schedule's step is no emergence.
Signals signals_of(const series::Run& run, const AnalyzeOptions& options,
                   std::vector<std::string>& settings) {
  if (!options.signals.empty()) return named_signals(run, options.signals);
  if (options.order_parameters_only) {
    Signals list = order_parameters(run, options.roles);
    if (!list.empty()) return list;
  }
  Signals list;
  for (const Signal& signal : run.signals) {
    if (series::role_of(signal.name) == Role::learning_rate) {
      settings.push_back(signal.name);
    } else {
      list.push_back(&signal);
    }
  }
  return list;
}

/// Runs `body` over all jobs in blocks, saying how far it is.
void in_blocks(std::size_t count, std::string_view what, std::string_view unit, const Task& task,
               const std::function<void(std::size_t)>& body) {
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    task.check();
    parallel_for(std::min(kBlock, count - begin), [&](std::size_t i) { body(begin + i); });
    task.tell({what, std::min(begin + kBlock, count), count, unit, {}});
  }
}

/// What is not told at the false discovery rate asked for is no transition.
void correct_for_signals(std::vector<Analysis>& analyses, double level) {
  std::vector<double> p_values;
  for (const Analysis& each : analyses) {
    for (const TransitionFit& fit : each.fits)
      p_values.push_back(fit.transition.evidence.p_value.value_or(std::nan("")));
  }
  const std::vector<double> q_values = math::q_values(p_values, kDependence);
  std::size_t next = 0;
  for (Analysis& each : analyses) {
    for (TransitionFit& fit : each.fits) {
      const double q = q_values[next++];
      if (std::isnan(q)) continue;
      fit.transition.evidence.q_value = q;
      if (!declared(fit) || q <= level) continue;
      series::Transition none;
      none.order_parameter = fit.transition.order_parameter;
      none.control_parameter = fit.transition.control_parameter;
      none.model = fit.transition.model;
      none.evidence = fit.transition.evidence;
      fit.transition = std::move(none);
    }
    std::ranges::stable_sort(each.fits, [](const TransitionFit& a, const TransitionFit& b) {
      if (declared(a) != declared(b)) return declared(a);
      return declared(a) && a.transition.evidence.bic_gain.value_or(0.0) >
                                b.transition.evidence.bic_gain.value_or(0.0);
    });
    each.changed = static_cast<std::size_t>(std::ranges::count_if(each.fits, declared));
  }
}

/// The signal whose transition matters most.
std::string main_signal(const series::Run& run, const Analysis& analysis,
                        const series::RoleChoices& roles) {
  if (analysis.changed == 0) return {};
  const auto changed = std::span(analysis.fits).first(analysis.changed);
  for (const Role role : kOrderRoles) {
    const Signal* signal = series::find_role(run, role, roles);
    if (signal == nullptr) continue;
    const auto same = [&](const TransitionFit& fit) {
      return fit.transition.order_parameter == signal->name;
    };
    if (std::ranges::any_of(changed, same)) return signal->name;
  }
  return analysis.fits.front().transition.order_parameter;
}

Signals warned_signals(const series::Run& run, const Analysis& analysis,
                       const AnalyzeOptions& options) {
  Signals list;
  if (const TransitionFit* main = main_transition(analysis))
    add_unique(list, run.find(main->transition.order_parameter));
  for (const Role role : kWarningRoles)
    add_unique(list, series::find_role(run, role, options.roles));
  for (std::size_t i = 0; i < analysis.changed && list.size() < kMostWarned; ++i)
    add_unique(list, run.find(analysis.fits[i].transition.order_parameter));
  for (const TransitionFit& fit : analysis.fits) {
    if (list.size() >= (analysis.changed > 0 ? list.size() : kMostWarned)) break;
    add_unique(list, run.find(fit.transition.order_parameter));
  }
  return list;
}

void warn(std::span<const series::Run> runs, const AnalyzeOptions& options, const Task& task,
          std::vector<Analysis>& analyses) {
  struct Job {
    SignalWarning* out;
    const Signal* signal;
    double before;
  };
  std::vector<Job> jobs;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    Analysis& analysis = analyses[r];
    const TransitionFit* main = main_transition(analysis);
    const double before = main ? main->transition.onset->low : HUGE_VAL;
    analysis.warned_before =
        main ? fmt::format("{} of {} at {}", series::word(main->transition.kind),
                           main->transition.order_parameter, emergence::position_text(before))
             : "the end of the run";
    const Signals list = warned_signals(runs[r], analysis, options);
    analysis.early_warning.resize(list.size());
    for (std::size_t i = 0; i < list.size(); ++i)
      jobs.push_back({&analysis.early_warning[i], list[i], before});
  }
  in_blocks(jobs.size(), "early warning", "signals", task, [&](std::size_t i) {
    *jobs[i].out = {
        jobs[i].signal->name,
        emergence::early_warning_before(*jobs[i].signal, jobs[i].before, options.early_warning)};
  });
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
  for (Analysis& each : analyses) {
    if (each.changed == 0) continue;
    TransitionFit& main =
        each.fits[static_cast<std::size_t>(main_transition(each) - each.fits.data())];
    for (const SignalWarning& of_signal : each.early_warning) {
      const auto trends = emergence::precursors(of_signal.signal, of_signal.warning);
      auto& list = main.transition.precursors;
      list.insert(list.end(), trends.begin(), trends.end());
    }
  }
}

Json fit_json(const TransitionFit& fit) {
  Json json = fit.transition;
  json["models"] = fit.models;
  json["points"] = fit.points;
  json["dropped"] = fit.dropped;
  json["heavy_tails"] = fit.heavy_tails;
  json["note"] = fit.note;
  return json;
}

}  // namespace

bool declared(const TransitionFit& fit) { return fit.transition.kind != TransitionKind::none; }

const TransitionFit* main_transition(const Analysis& analysis) {
  for (std::size_t i = 0; i < analysis.changed; ++i)
    if (analysis.fits[i].transition.order_parameter == analysis.main) return &analysis.fits[i];
  return nullptr;
}

std::vector<Analysis> analyze_runs(std::span<const series::Run> runs, const AnalyzeOptions& options,
                                   const Task& task) {
  std::vector<Analysis> analyses(runs.size());
  struct Job {
    std::size_t run, place;
    const Signal* signal;
  };
  std::vector<Job> jobs;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    analyses[r].false_discoveries = options.false_discoveries;
    const Signals signals = signals_of(runs[r], options, analyses[r].settings);
    analyses[r].fits.resize(signals.size());
    for (std::size_t i = 0; i < signals.size(); ++i) jobs.push_back({r, i, signals[i]});
  }
  in_blocks(jobs.size(), "transitions", "signals", task, [&](std::size_t i) {
    const Job& job = jobs[i];
    analyses[job.run].fits[job.place] = emergence::fit_transition(*job.signal, options.transition);
  });
  correct_for_signals(analyses, options.false_discoveries);
  for (std::size_t r = 0; r < runs.size(); ++r)
    analyses[r].main = main_signal(runs[r], analyses[r], options.roles);
  judge_pairs(runs, options.roles, task, analyses);
  warn(runs, options, task, analyses);
  correct_for_trends(analyses);
  if (options.interactions && runs.size() <= kFewRuns) {
    in_blocks(runs.size(), "interactions", "runs", task,
              [&](std::size_t r) { analyses[r].together = acting_together(runs[r]); });
  }
  return analyses;
}

Analysis analyze(const series::Run& run, const AnalyzeOptions& options, const Task& task) {
  return std::move(analyze_runs(std::span(&run, 1), options, task).front());
}

Json analysis_json(const Analysis& analysis) {
  Json transitions = Json::array();
  Json tested = Json::array();
  for (const auto& fit : analysis.fits) {
    if (declared(fit)) transitions.push_back(fit.transition);
    tested.push_back(fit_json(fit));
  }
  Json warnings = Json::array();
  for (const SignalWarning& each : analysis.early_warning) {
    Json row = each.warning;
    row["signal"] = each.signal;
    row["before"] = analysis.warned_before;
    warnings.push_back(std::move(row));
  }
  Json interactions = nullptr;
  if (analysis.together) {
    interactions = analysis.together->timeline;
    interactions["names"] = analysis.together->signals;
  }
  return Json{
      {"signals", analysis.fits.size()},
      {"changed", analysis.changed},
      {"settings", analysis.settings},
      {"false_discovery_rate",
       {{"level", analysis.false_discoveries}, {"procedure", math::procedure(kDependence)}}},
      {"transitions", std::move(transitions)},
      {"early_warning", std::move(warnings)},
      {"mirage", analysis.mirage},
      {"interactions", std::move(interactions)},
      {"tested", std::move(tested)}};
}

}  // namespace emdyn::pipeline
