#pragma once
#include <cstdint>
#include <optional>

#include "emdyn/core/task.hpp"
#include "emdyn/forecast/predictors/predictor.hpp"
#include "emdyn/forecast/training/relative_rows.hpp"

namespace emdyn::forecast {

/// Learns a stack from every labelled run. Weights and calibration come from forecasts made with
/// one task, one optimiser and one network left out in turn, the alarm from those of tasks. Only members that see signals are taken, so that any log can be
/// forecast. Without options those of stack_options().
/// @throws DataError as fit_stacked and relative_rows.
Predictor train_stacked(const Bank& bank, const std::optional<StackedOptions>& options = {});

/// The same, with what it does on tasks left out ("held_out" of its provenance: AUC, Brier score and
/// log loss at each horizon, beside value now) and the whole evaluation.
struct JudgedPredictor {
  Predictor predictor{};
  Json evaluation{};
};
/// @throws as train_stacked and evaluate_left_out.
JudgedPredictor train_judged(const Bank& bank, std::uint64_t seed = 1, const Task& task = {});

}  // namespace emdyn::forecast
