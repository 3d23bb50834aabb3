#pragma once
#include <cmath>
#include <cstddef>
#include <span>

#include "emdyn/emergence/samples/samples.hpp"
#include "emdyn/emergence/transition/curve.hpp"
#include "emdyn/emergence/transition/model_grid.hpp"
#include "emdyn/emergence/transition/transition.hpp"

/// Internals of fit_transition: how much better a transition explains a series than none, and how
/// often chance does as well.
namespace emdyn::emergence {

/// The best model without and with a transition.
struct Comparison {
  std::size_t null = 0;
  std::size_t change = kNullModels;
  double gain = -HUGE_VAL;           ///< BIC of the first less that of the second.
  double null_criterion = HUGE_VAL;  ///< BIC of the first.
};

/// Compares the models of a grid on one series: by the Gaussian likelihood, or where innovations
/// are heavy-tailed by Student's, each model with its own degrees of freedom.
class GainStatistic {
 public:
  /// Decides by the series itself which likelihood is due.
  GainStatistic(const ModelGrid& grid, std::span<const double> values);

  bool heavy_tails() const noexcept { return heavy_; }
  Comparison operator()(std::span<const double> values) const;
  Comparison operator()(const ModelScores& scores, std::span<const double> values) const;
  /// BIC of one grid member under the likelihood that is due.
  double criterion(const ModelScore& score, std::span<const double> values) const;

 private:
  const ModelGrid& grid_;
  bool heavy_ = false;
};

/// Chance of a gain of at least `gain` under the best model without a transition: the share of
/// bootstrap series with one, and beyond the largest of them an exponential tail fitted to their
/// upper fifth (likelihood ratios fall off like that; Knijnenburg et al., "Fewer Permutations, More
/// Accurate P-Values", Bioinformatics 25, 2009), its scale taken one standard error too large.
/// Sampling stops once the p-value cannot come out below alpha any more (Besag & Clifford,
/// "Sequential Monte Carlo p-Values", 1991), and early unless the gain is `decisive`.
double null_p_value(const GainStatistic& statistic, const Curve& null, const Curve& change,
                    const Samples& samples, double gain, bool decisive,
                    const TransitionOptions& options);

}  // namespace emdyn::emergence
