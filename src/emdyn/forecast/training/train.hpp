#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/forecast/bank/bank.hpp"
#include "emdyn/forecast/predictors/alarm.hpp"
#include "emdyn/forecast/predictors/predictor.hpp"
#include "emdyn/forecast/training/scores.hpp"

namespace emdyn::forecast {

/// The rows of some runs of a bank, with some of its features.
struct Design {
  FeatureTable features{};
  std::vector<double> labels{};
  std::vector<std::size_t> groups{};  ///< Of each row, numbered from 0 without gaps.
  std::vector<std::size_t> runs{};    ///< Index into Bank::runs of each row.
  std::vector<double> at{};
  std::size_t group_count = 0;
};

/// Rows of the runs given (censored runs and runs without prefixes are passed over). A model
/// without features gets one column of zeros.
/// @throws DataError when a feature is not in the bank.
Design make_design(const Bank& bank, std::span<const std::size_t> runs,
                   std::span<const std::string> features);

/// Indices of the runs with a label and at least one prefix.
std::vector<std::size_t> usable_runs(const Bank& bank);

struct TrainOptions {
  std::vector<double> penalties{};  ///< Candidates, > 0; empty: 1, 10, 30, 100, 300, 1000.
  std::size_t folds = 5;            ///< Of the grouped cross-validation inside the training groups.
  std::size_t replicates = 150;     ///< Resamples of groups for intervals; 0 for none.
  /// Forecasts in a row above the threshold that make an alarm; 0: 1, 2 or 3, whichever has most
  /// hits within the budget on the training groups.
  std::size_t consecutive = 0;
  double budget = 0.1;  ///< Share of never-reaching training runs that may alarm.
  std::uint64_t seed = 1;
};

/// A fitted and calibrated model with its frozen alarm.
struct FittedModel {
  Logistic model{};
  CalibrationLine calibration{};  ///< Already applied to `model`.
  AlarmRule alarm{};
  double penalty = 0.0;
  double log_loss = 0.0;  ///< Mean, out of group, at the chosen penalty.
};

/// Everything is learned from the design's groups: the penalty (least out-of-group log loss), the
/// calibration line (from out-of-group log-odds), the alarm threshold (from out-of-group
/// forecasts), and last the coefficients on all rows.
FittedModel fit_model(const Bank& bank, const Design& design, const TrainOptions& options);

/// The alarm frozen on forecasts that were made out of group.
AlarmRule freeze_alarm(std::span<const ForecastPath> paths, const TrainOptions& options);

/// Coefficients (intercept first) refitted on resampled groups, on the scale of `fitted`.
std::vector<std::vector<double>> bootstrap_coefficients(const Design& design,
                                                        const FittedModel& fitted,
                                                        const TrainOptions& options);

/// Fits the predictor of a feature set on every usable run.
/// @throws DataError when the bank has fewer groups than folds or one outcome only.
Predictor train_predictor(const Bank& bank, FeatureSet set, const TrainOptions& options = {});

/// The forecasts of each run of a design, in order of `at`.
std::vector<ForecastPath> paths_of(const Bank& bank, const Design& design,
                                   std::span<const double> probabilities);

}  // namespace emdyn::forecast
