#pragma once
#include <span>

/// How well a score separates in-distribution from out-of-distribution samples. Higher scores are
/// more in-distribution. Ties are shared, never broken by order. All cost O(n log n).
/// @throws DataError when either side is empty or holds a NaN.
namespace emdyn::provoke::ood {

/// P(in > out) + ½ P(in = out). Source: Hanley, McNeil, 1982.
double auroc(std::span<const double> in, std::span<const double> out);

/// Area under precision and recall with in-distribution samples as the positives: the average
/// precision Σ (Rᵢ − Rᵢ₋₁)·Pᵢ over distinct thresholds, without interpolation (Davis, Goadrich,
/// "The Relationship Between Precision-Recall and ROC Curves", 2006, say why).
double aupr_in(std::span<const double> in, std::span<const double> out);

/// The same with out-of-distribution samples as the positives, low scores first.
double aupr_out(std::span<const double> in, std::span<const double> out);

/// Share of out-of-distribution samples that pass the highest threshold which at least `tpr` of the
/// in-distribution samples pass ("FPR95" for 0.95). A sample passes when its score is at least the
/// threshold. @throws ConfigError unless 0 < tpr <= 1.
double fpr_at_tpr(std::span<const double> in, std::span<const double> out, double tpr = 0.95);

struct Separation {
  double auroc = 0.0;
  double aupr_in = 0.0;
  double aupr_out = 0.0;
  double fpr95 = 0.0;
};
Separation separation(std::span<const double> in, std::span<const double> out);

/// Standard error of an AUROC from `in` and `out` samples (Hanley, McNeil 1982, exponential
/// approximation).
double auroc_standard_error(double auroc, std::size_t in, std::size_t out);

}  // namespace emdyn::provoke::ood
