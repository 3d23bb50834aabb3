#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/core/task.hpp"
#include "emdyn/forecast/training/relative_rows.hpp"
#include "emdyn/forecast/training/train.hpp"

namespace emdyn::forecast {

struct LeftOutOptions {
  FamilyKind kind = FamilyKind::task;
  std::vector<double> horizons{0.05, 0.1, 0.2, 0.4};  ///< Shares of the deadline.
  std::size_t resamples = 200;  ///< Of configurations, for the intervals of pooled figures.
  double level = 0.9;
  std::optional<StackedOptions> stacked{};  ///< Default: stack_options() of the bank.
  TrainOptions today{};  ///< Of the predictors in use, fitted again without the family.
  std::uint64_t seed = 1;
};

/// Judges every member of the stack, the stack, and the predictors in use on families they have
/// not seen: one family (a task, an optimiser, a network) is left out in turn, everything is
/// learned from the others (weights of the stack from forecasts with one of those left out in its
/// turn), and each run of the family is forecast once at each horizon. With `configuration` five
/// folds of configurations take the place of families.
/// Returns {leave_out, bank: {runs, reached, groups}, families: [{name, runs, reached,
///   horizons: [{share, runs, reached, models: [{name, auc, brier, log_loss}]}],
///   weights: [{member, weight}]}],
///  pooled: [{share, runs, reached, models: [{name, auc: Interval, brier: Interval, log_loss,
///    mean_family_auc, brier_below_value_now, brier_below_base_rate, families}]}],
///  when: [{share, runs, models: [{name, concordance}]}]}; figures that need both outcomes are null
/// where one is lacking.
/// @throws DataError when the bank has one family only, or a family is all the bank has of one
/// outcome; Task::Stopped.
Json evaluate_left_out(const Bank& bank, const LeftOutOptions& options, const Task& task = {});

/// The document as text tables for people.
std::string left_out_text(const Json& evaluation);

}  // namespace emdyn::forecast
