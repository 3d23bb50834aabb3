#pragma once
#include <optional>
#include <span>
#include <vector>

namespace emdyn::forecast {

/// Share of (positive, negative) pairs ranked right, ties counting half; nothing when one class is
/// absent. O(n log n). Source: Hanley, McNeil, "The Meaning and Use of the Area under a ROC Curve",
/// 1982.
std::optional<double> auc(std::span<const double> scores, std::span<const double> labels);

/// The same with weights on the rows (multiplicities of a group bootstrap).
std::optional<double> auc(std::span<const double> scores, std::span<const double> labels,
                          std::span<const double> weights);

/// Mean squared difference of probability and label (Brier 1950); 0 is perfect. Weights may be
/// empty. Nothing for no rows.
std::optional<double> brier(std::span<const double> probabilities, std::span<const double> labels,
                            std::span<const double> weights = {});

/// One row of a reliability table.
struct ReliabilityBin {
  double low = 0.0;
  double high = 1.0;
  std::size_t count = 0;   ///< Forecasts in the bin.
  std::size_t groups = 0;  ///< Distinct groups among them: how much is really known.
  double predicted = 0.0;  ///< Mean probability.
  double observed = 0.0;   ///< Share of positives.
};

/// Equal-width bins over [0, 1]; empty bins are left out. `groups` may be empty.
std::vector<ReliabilityBin> reliability(std::span<const double> probabilities,
                                        std::span<const double> labels,
                                        std::span<const std::size_t> groups, std::size_t bins = 10);

/// Expected calibration error: mean |predicted - observed| over the bins, by count.
double calibration_error(std::span<const ReliabilityBin> bins);

/// logit P(y) = intercept + slope x log_odds. A calibrated forecast has slope 1 and intercept 0; a
/// slope below 1 is overconfident. Source: Cox, "Two Further Applications of a Model for Binary
/// Regression", 1958.
struct CalibrationLine {
  double slope = 1.0;
  double intercept = 0.0;
};
/// Nothing when one class is absent or the scores do not vary.
std::optional<CalibrationLine> calibration_line(std::span<const double> log_odds,
                                                std::span<const double> labels,
                                                std::span<const double> weights = {});

}  // namespace emdyn::forecast
