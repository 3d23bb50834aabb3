#include "emdyn/pipeline/analyze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/emergence/transition/transition_words.hpp"
#include "emdyn/pipeline/acting_together.hpp"
#include "emdyn/pipeline/early_warnings.hpp"
#include "emdyn/pipeline/in_blocks.hpp"
#include "emdyn/pipeline/mirage_pairs.hpp"

namespace emdyn::pipeline {
namespace {

using emergence::TransitionFit;
using series::Role;
using series::Signal;
using series::TransitionKind;

constexpr std::array kOrderRoles{Role::test_accuracy, Role::test_loss, Role::train_accuracy,
                                 Role::train_loss};
constexpr std::size_t kFewRuns = 4;  // An interaction timeline takes a second.

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
    analyses[r].parts = options.parts;
    const Signals signals = signals_of(runs[r], options, analyses[r].settings);
    if (!options.parts.transitions) continue;
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
  if (options.parts.mirage) judge_pairs(runs, options.roles, task, analyses);
  if (options.parts.warning) add_early_warnings(runs, options, task, analyses);
  if (options.parts.interactions && runs.size() <= kFewRuns) {
    in_blocks(runs.size(), "interactions", "runs", task, [&](std::size_t r) {
      analyses[r].together = acting_together(runs[r], options.acting_signals);
    });
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
  const auto asked = [](bool part, Json&& found) {
    return part ? std::move(found) : Json(nullptr);
  };
  return Json{
      {"signals", analysis.fits.size()},
      {"changed", analysis.changed},
      {"settings", analysis.settings},
      {"false_discovery_rate",
       {{"level", analysis.false_discoveries}, {"procedure", math::procedure(kDependence)}}},
      {"transitions", asked(analysis.parts.transitions, std::move(transitions))},
      {"early_warning", asked(analysis.parts.warning, std::move(warnings))},
      {"mirage", asked(analysis.parts.mirage, analysis.mirage)},
      {"interactions", analysis.together ? together_json(*analysis.together) : Json(nullptr)},
      {"tested", std::move(tested)}};
}

}  // namespace emdyn::pipeline
