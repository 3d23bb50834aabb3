#pragma once
#include <string>
#include <vector>

#include "emdyn/emergence/transition/transition.hpp"
#include "emdyn/emergence/warning/early_warning.hpp"
#include "emdyn/series/roles.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

struct AnalyzeOptions {
  std::vector<std::string>
      signals{};  ///< Empty: the order parameters of the run (see order_parameters).
  series::RoleChoices roles{};
  emergence::TransitionOptions transition{};
  emergence::EarlyWarningOptions early_warning{};
};

/// Early-warning indicators of one signal, from samples before the transition it is about.
struct SignalWarning {
  std::string signal{};
  emergence::EarlyWarning warning{};
};

/// What an analysis found.
struct Analysis {
  std::vector<emergence::TransitionFit> fits{};  ///< One for each order parameter, declared or not.
  std::vector<SignalWarning> early_warning{};
  std::string warned_before{};  ///< What the early warning looks towards, in words.
};

/// The signals whose transitions are looked for: those with a role of accuracy or loss; where there
/// are none, all signals (at most 16).
std::vector<const series::Signal*> order_parameters(const series::Run& run,
                                                    const series::RoleChoices& roles);

/// The transition that matters most: of test accuracy, else of the first order parameter that has
/// one.
const emergence::TransitionFit* main_transition(const Analysis& analysis);

/// Fits transitions and computes early-warning indicators of the losses, the gradient norm and the
/// order parameters, each from samples before the main transition's onset (its interval's low end)
/// or, where there is none, from all samples. Precursors of the main transition are those of its
/// own run.
/// @throws DataError when `options.signals` names a signal that the run does not have.
Analysis analyze(const series::Run& run, const AnalyzeOptions& options = {});

/// {transitions: [declared ones], tested: [every fit with models and evidence], early_warning:
/// [...]}
Json analysis_json(const Analysis& analysis);

/// "test_accuracy: rise at 1,420 …" or "train_loss: no transition (of 6 models …)".
std::string transition_sentence(const emergence::TransitionFit& fit);

}  // namespace emdyn::pipeline
