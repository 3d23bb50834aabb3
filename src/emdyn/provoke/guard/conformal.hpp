#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/math/e_values.hpp"

/// From scores to decisions with a stated error rate. The guarantees hold when the in-distribution
/// samples to come are exchangeable with the calibration samples, which must not have been used to
/// fit the score or the classifier. Against an adversary that does not hold.
namespace emdyn::provoke::guard {

/// How the p-values are to be understood.
enum class Validity {
  marginal,  ///< P(p ≤ t) ≤ t on average over calibration samples. Enough for Benjamini–Hochberg.
  simes,  ///< P(p ≤ t | calibration) ≤ t for all t at once, with probability 1 − δ; tight for
          ///< small p (the generalised Simes inequality with k = n/2).
  dkw,    ///< The same by Massart's constant in the DKW inequality: uniform, loose for small p.
};

/// One-sided conformal p-values: small for scores low among the calibration scores.
///
/// Cost: O(n log n) to build, O(log n) a sample. Sources: Vovk, Gammerman, Shafer, "Algorithmic
/// Learning in a Random World" (2005); calibration-conditional: Bates, Candès, Lei, Romano, Sesia,
/// "Testing for Outliers with Conformal p-values", Annals of Statistics 51 (2023), arXiv
/// 2104.08279.
class ConformalCalibration {
 public:
  /// @param scores of held-out in-distribution samples, at least one, no NaN.
  /// @param delta probability that a calibration-conditional guarantee fails; in (0, 1).
  /// @throws DataError, ConfigError
  explicit ConformalCalibration(std::span<const double> scores,
                                Validity validity = Validity::marginal, double delta = 0.1);

  std::size_t size() const noexcept { return sorted_.size(); }
  /// The calibration scores, ascending.
  const std::vector<double>& scores() const noexcept { return sorted_; }

  /// How many calibration scores are not above `score`, plus one: in 1 … n + 1.
  std::size_t rank(double score) const noexcept;
  /// In (0, 1]; a NaN score counts as the lowest.
  double p_value(double score) const noexcept;
  std::vector<double> p_values(std::span<const double> scores) const;
  /// (n + 1)·(1/rank) / Σ 1/j: a non-negative variable of mean 1 when the sample is exchangeable
  /// with the calibration samples (less with ties), at most (n + 1)/H(n + 1). For online testing.
  double e_value(double score) const noexcept;

 private:
  std::vector<double> sorted_;    ///< Ascending.
  std::vector<double> p_values_;  ///< [rank − 1]
  double harmonic_ = 0.0;         ///< H(n + 1)
};

/// b₁ ≤ … ≤ bₙ with P(U₍ᵢ₎ ≤ bᵢ for all i) ≥ 1 − δ for n uniform variables: what rank i of
/// calibration scores is worth. @throws ConfigError for marginal, or δ outside (0, 1).
std::vector<double> conditional_bounds(std::size_t n, Validity validity, double delta);

/// Positions of the rejected hypotheses, ascending: the largest k with p₍ₖ₎ ≤ α·k/m. False
/// discovery rate at most α for marginal conformal p-values, which are positively dependent (Bates
/// et al.). Source: Benjamini, Hochberg, "Controlling the False Discovery Rate", 1995.
/// @throws ConfigError unless 0 < alpha < 1; DataError for p-values outside [0, 1].
std::vector<std::size_t> benjamini_hochberg(std::span<const double> p_values, double alpha);

using math::ELond;

}  // namespace emdyn::provoke::guard
