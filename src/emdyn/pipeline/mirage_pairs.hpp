#pragma once
#include <span>
#include <vector>

#include "emdyn/core/task.hpp"
#include "emdyn/pipeline/analyze.hpp"

namespace emdyn::pipeline {

/// The continuous metric that belongs to a graded one: of the same task ("lambada/ppl" to
/// "lambada/acc"), else the loss of the same split ("val_loss" to "val_acc"). Null where the signal
/// is not graded or has none.
const series::Signal* continuous_partner(const series::Run& run, const series::Signal& graded,
                                         const series::RoleChoices& roles);

/// Judges graded metrics with a continuous partner: those that changed suddenly, and up to 48 in all
/// those whose values range widest. Verdicts go into the transitions too. A pair whose
/// values do not fit their names is left out.
void judge_pairs(std::span<const series::Run> runs, const series::RoleChoices& roles,
                 const Task& task, std::vector<Analysis>& analyses);

}  // namespace emdyn::pipeline
