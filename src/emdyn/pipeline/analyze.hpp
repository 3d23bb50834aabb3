#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/emergence/information/timeline.hpp"
#include "emdyn/emergence/mirage/mirage.hpp"
#include "emdyn/emergence/transition/transition.hpp"
#include "emdyn/emergence/warning/early_warning.hpp"
#include "emdyn/math/false_discovery.hpp"
#include "emdyn/pipeline/analyze_parts.hpp"
#include "emdyn/series/roles.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

struct AnalyzeOptions {
  std::vector<std::string> signals{};  ///< Empty: all of the run but its settings.
  bool order_parameters_only = false;  ///< Of those, only the accuracies and losses, where any are.
  series::RoleChoices roles{};
  emergence::TransitionOptions transition{};
  emergence::EarlyWarningOptions early_warning{};
  AnalyzeParts parts{};
  std::size_t acting_signals = 24;  ///< Of the interaction timeline, at most.
  double false_discoveries = 0.05;  ///< Expected share of false ones among what is told, (0, 1).
};

/// Signals of one training share its causes: what makes the evidence of one strong makes that of the
/// others strong too, and no small p-value makes another one larger.
inline constexpr math::Dependence kDependence = math::Dependence::positive;

/// Early-warning indicators of one signal, from samples before the transition it is about.
struct SignalWarning {
  std::string signal{};
  emergence::EarlyWarning warning{};
};

/// When the signals of a run began to act together.
struct ActingTogether {
  std::vector<std::string> signals{};
  emergence::information::InteractionTimeline timeline{};
  std::size_t strongest_window = 0;  ///< The one whose total correlation stands out most.
  /// Its pairs that stand after correction for all of them, the largest values first, a dozen at most.
  std::vector<series::Interaction> strongest{};
  std::size_t pairs = 0;  ///< How many stand.
};

/// What an analysis found.
struct Analysis {
  /// One for each signal analysed; those that changed come first, the strongest evidence before.
  std::vector<emergence::TransitionFit> fits{};
  std::size_t changed = 0;  ///< How many of them changed suddenly.
  std::string main{};       ///< Signal of the main transition; empty where nothing changed.
  std::vector<SignalWarning> early_warning{};
  std::string warned_before{};  ///< What the early warning looks towards, in words.
  std::vector<emergence::mirage::Judgement> mirage{};
  std::optional<ActingTogether> together{};
  double false_discoveries = 0.05;
  AnalyzeParts parts{};                 ///< What was looked for.
  std::vector<std::string> settings{};  ///< Signals left out because they are set, not measured.
};

/// Whether a fit found a transition.
bool declared(const emergence::TransitionFit& fit);

/// The transition that matters most: of test accuracy, test loss and so on where they have one,
/// else the one with the strongest evidence; null where nothing changed.
const emergence::TransitionFit* main_transition(const Analysis& analysis);

/// Fits transitions of all signals in parallel and keeps those at or below the false discovery rate
/// over all signals of all runs given (kDependence). Then of each run: whether graded metrics that
/// changed have a continuous one beside them that did too (mirage), early warnings
/// (add_early_warnings), and when the signals began to act together; of these what `options.parts`
/// asks for.
/// Deterministic for any number of threads.
/// @throws DataError when `options.signals` names a signal that a run does not have,
/// Task::Stopped.
std::vector<Analysis> analyze_runs(std::span<const series::Run> runs,
                                   const AnalyzeOptions& options = {}, const Task& task = {});

/// The same of one run.
Analysis analyze(const series::Run& run, const AnalyzeOptions& options = {}, const Task& task = {});

/// {signals, changed, false_discovery_rate, transitions: [those that changed], tested: [every fit
/// with models and evidence], early_warning, mirage, interactions, parts}; what was not looked for is null.
Json analysis_json(const Analysis& analysis);

}  // namespace emdyn::pipeline
