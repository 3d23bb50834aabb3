#pragma once
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/forecast/training/train.hpp"

namespace emdyn::forecast {

/// One competitor of the evaluation.
struct Contender {
  std::string name{};
  std::vector<std::string> features{};  ///< Empty: the prior alone.
  std::string meaning{};
};

/// grokking, signals_only, and the baselines: configuration alone, test accuracy alone
/// (persistence), weight norm alone, elapsed time alone, the prior.
std::vector<Contender> default_contenders();

struct EvaluateOptions {
  TrainOptions train{};
  std::size_t outer_folds = 5;  ///< Groups held out in turn.
  std::size_t resamples = 500;  ///< Of groups, for the intervals of the figures.
  double level = 0.9;
  std::vector<double> horizons{0.05, 0.1, 0.2, 0.4, 0.6};  ///< Shares of the deadline.
};

/// Judges every contender on groups it has not seen: in each outer fold the penalty, the
/// calibration and the alarm threshold come from the training groups only, and each run is
/// forecast once, when its group is held out. Returns a document:
/// `{bank:{runs, reached, never, censored, groups, prefixes, share_reached}, level,
///   models:[{name, features, auc, brier, calibration_slope, calibration_error,
///     auc_below_twice_chance, brier_below_twice_chance, hit_rate, started_above_rate, late_rate,
///     missed_rate, false_positive_rate, median_lead, median_lead_share, thresholds:[…]}],
///   horizons:[{share, runs, reached, models:[{name, auc, brier}]}],
///   reliability:[{name, bins:[…]}]}`; each figure is an Interval or null. Rows `always_fire` and
/// `never_fire` carry the alarm figures only.
/// @throws DataError when the bank is too small.
Json evaluate(const Bank& bank, const EvaluateOptions& options);

/// The document as aligned text tables for people.
std::string evaluation_text(const Json& evaluation);

}  // namespace emdyn::forecast
