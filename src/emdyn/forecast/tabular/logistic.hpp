#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "emdyn/forecast/tabular/table.hpp"

namespace emdyn::forecast {

/// How to bring a feature to mean 0 and standard deviation 1. A missing value becomes the mean; a
/// feature that never varies has scale 1 and so counts for nothing.
struct Standardiser {
  std::vector<double> mean{};
  std::vector<double> scale{};

  /// Moments (divisor: sum of weights) of the finite values. Weights may be empty: all one.
  static Standardiser of(const FeatureTable& table, std::span<const double> weights = {});
  /// (x - mean) / scale of feature `j`, 0 for a missing value.
  double operator()(std::size_t j, double x) const noexcept;
};

struct LogisticOptions {
  double penalty = 1.0;  ///< lambda of lambda/2 x sum(beta^2), >= 0; the intercept is free.
  int max_iterations = 100;
  double tolerance = 1e-10;  ///< On the largest element of the Newton step.
};

/// P(y = 1 | x) = 1 / (1 + exp(-(intercept + sum beta_j z_j))), z the standardised features.
struct Logistic {
  Standardiser standardiser{};
  double intercept = 0.0;
  std::vector<double> beta{};  ///< In log-odds per standard deviation.
  double penalty = 0.0;
  int iterations = 0;

  double log_odds(std::span<const double> features) const noexcept;
  double probability(std::span<const double> features) const noexcept;
  /// exp(beta): by how much one standard deviation multiplies the odds.
  std::vector<double> odds_ratios() const;
};

double sigmoid(double log_odds) noexcept;

/// Maximises sum w_i log P(y_i | x_i) - penalty/2 x sum(beta^2) by Newton's method with step
/// halving (iteratively reweighted least squares). O(rows x columns^2) an iteration. With a
/// penalty > 0 the maximum is unique also for separable or collinear data. Source: Hosmer,
/// Lemeshow, Sturdivant, "Applied Logistic Regression", 2013; le Cessie, van Houwelingen, "Ridge
/// Estimators in Logistic Regression", 1992.
/// `weights` may be empty (all one); rows of weight 0 do not count. `start` gives a warm start.
/// @throws ConfigError for a negative penalty; DataError when sizes differ, when only one class is
/// present, or when penalty is 0 and the data are separable or collinear.
Logistic fit_logistic(const FeatureTable& features, std::span<const double> labels,
                      std::span<const double> weights, const LogisticOptions& options = {},
                      const Logistic* start = nullptr);

/// The same, with standardisation given (for resamples that share one scale).
Logistic fit_logistic(const FeatureTable& features, std::span<const double> labels,
                      std::span<const double> weights, const Standardiser& standardiser,
                      const LogisticOptions& options, const Logistic* start = nullptr);

/// The model as if the share of positives were `to` instead of `from` (prior correction of the
/// intercept: King, Zeng, "Logistic Regression in Rare Events Data", 2001).
/// @throws ConfigError unless both are in (0, 1).
Logistic with_prior(Logistic model, double from, double to);

}  // namespace emdyn::forecast
