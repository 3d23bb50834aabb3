#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace emdyn::emergence::segment {

/// What one regime is. A cost is minus twice the best log-likelihood of the samples [first, last)
/// under it, up to terms that do not depend on the cut; O(1) per call from running sums.
/// Values are best given standardised, so that the sums keep their digits.

/// A least-squares line through a stretch, and what it leaves.
struct LineFit {
  double count = 0.0;
  double mean = 0.0;
  double slope = 0.0;        ///< Per sample; 0 for one sample.
  double around_mean = 0.0;  ///< Sum of squares; >= 0.
  double around_line = 0.0;  ///< 0 for fewer than three samples.
};
LineFit fit_line(std::span<const double> stretch) noexcept;

/// Running sums shared by the Gaussian costs.
class Sums {
 public:
  explicit Sums(std::span<const double> values);

  std::size_t size() const noexcept { return sum_.size() - 1; }
  /// Sum of squared distances from the mean of [first, last); >= 0.
  double around_mean(std::size_t first, std::size_t last) const noexcept;
  /// Sum of squared distances from the least-squares line of [first, last); >= 0.
  double around_line(std::size_t first, std::size_t last) const noexcept;
  double mean(std::size_t first, std::size_t last) const noexcept;
  /// Slope per sample of the least-squares line; 0 for one sample.
  double slope(std::size_t first, std::size_t last) const noexcept;

 private:
  /// Sum of (t − centre)·x over [first, last), centre the middle of the stretch.
  double tilt(std::size_t first, std::size_t last) const noexcept;

  std::vector<double> sum_;      // Of x.
  std::vector<double> squares_;  // Of x².
  std::vector<double> moments_;  // Of t·x.
};

/// A constant level in Gaussian noise of known variance.
class MeanCost {
 public:
  static constexpr std::size_t kMinLength = 2;
  static constexpr double kParameters = 1.0;
  MeanCost(std::span<const double> values, double variance);
  double operator()(std::size_t first, std::size_t last) const noexcept {
    return sums_.around_mean(first, last) * inverse_variance_;
  }

 private:
  Sums sums_;
  double inverse_variance_;
};

/// A straight line in Gaussian noise of known variance: notices jumps and changes of slope.
class TrendCost {
 public:
  static constexpr std::size_t kMinLength = 3;
  static constexpr double kParameters = 2.0;
  TrendCost(std::span<const double> values, double variance);
  double operator()(std::size_t first, std::size_t last) const noexcept {
    return sums_.around_line(first, last) * inverse_variance_;
  }

 private:
  Sums sums_;
  double inverse_variance_;
};

/// A constant level and a constant variance, both unknown. The variance is held above `floor`, so
/// that a run of equal values costs a finite amount.
class MeanVarianceCost {
 public:
  static constexpr std::size_t kMinLength = 5;
  static constexpr double kParameters = 2.0;
  /// @param floor smallest variance, > 0.
  MeanVarianceCost(std::span<const double> values, double floor);
  double operator()(std::size_t first, std::size_t last) const noexcept;

 private:
  Sums sums_;
  double floor_;
};

/// Any distribution, by the empirical distribution function at 4·ln(n) quantiles that lie denser in
/// the tails. Source: Haynes, Fearnhead & Eckley, "A computationally efficient nonparametric
/// approach for changepoint detection", Statistics and Computing 27 (2017).
/// Cost: O(log n) per call, 16·n·ln(n) bytes. The quantiles are no parameters of a model; a penalty
/// of (4 + 2)·ln n lets 1 % of independent series of 50 to 2,000 samples alarm (simulated).
class DistributionCost {
 public:
  static constexpr std::size_t kMinLength = 5;
  static constexpr double kParameters = 4.0;
  explicit DistributionCost(std::span<const double> values);
  double operator()(std::size_t first, std::size_t last) const noexcept;

 private:
  std::size_t levels_ = 0;
  double weight_ = 0.0;
  std::vector<std::uint32_t> below_;  // [sample][level] twice the count at or below the quantile.
};

/// Any distribution of a row of channels, by the Gaussian kernel: the squared distance of the rows' features from their
/// mean, in units of its largest variance in one direction, so that a split of rows that are alike saves about a
/// chi-squared of parameters() degrees of freedom. The kernel's width is the median distance of two rows; it is taken by
/// 32 random Fourier features (of one channel: by quantiles of its spectrum).
/// Cost: O(1) per call; 256 bytes a sample. Source: Arlot, Celisse & Harchaoui, "A kernel multiple change-point
/// algorithm via model selection", JMLR 20 (2019); features: Rahimi & Recht, NIPS 2007.
class KernelCost {
 public:
  static constexpr std::size_t kMinLength = 2;
  /// @param channels of equal length, standardised. @param differences take the variance from neighbours, blind to
  /// change points, instead of from the whole.
  KernelCost(std::span<const std::vector<double>> channels, bool differences);
  double operator()(std::size_t first, std::size_t last) const noexcept;
  double parameters() const noexcept { return parameters_; }

 private:
  static constexpr std::size_t kWaves = 16;
  static constexpr std::size_t kFeatures = 2 * kWaves;

  std::vector<double> sums_;  // [sample][feature] of all before.
  double inverse_scale_ = 0.0;
  double parameters_ = 1.0;
};

/// Several channels that change together: the sum of a cost of each.
template <class Cost>
class Joint {
 public:
  static constexpr std::size_t kMinLength = Cost::kMinLength;
  explicit Joint(std::vector<Cost> costs) : costs_(std::move(costs)) {}
  double operator()(std::size_t first, std::size_t last) const noexcept {
    double sum = 0.0;
    for (const Cost& cost : costs_) sum += cost(first, last);
    return sum;
  }

 private:
  std::vector<Cost> costs_;
};

/// Prior of a regime's mean and variance: normal-inverse-gamma.
struct RegimePrior {
  double mean = 0.0;
  double strength = 1.0;  ///< Samples the prior mean is worth; > 0.
  double shape = 1.0;     ///< Of the variance; > 0.
  double scale = 1.0;     ///< Of the variance; > 0.
};

/// Bayesian regime: minus twice the log marginal likelihood, mean and variance integrated out.
/// Source: Adams & MacKay, "Bayesian Online Changepoint Detection", 2007 (the same model).
class MarginalCost {
 public:
  static constexpr std::size_t kMinLength = 1;
  MarginalCost(std::span<const double> values, const RegimePrior& prior);
  double operator()(std::size_t first, std::size_t last) const noexcept;

 private:
  Sums sums_;
  RegimePrior prior_;
  std::vector<double> log_gamma_;  // Of shape + n/2, for every n: lgamma is slow.
};

}  // namespace emdyn::emergence::segment
